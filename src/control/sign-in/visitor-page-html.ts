// Sends the pages that visitors of protected sites see at the dashboard's hostname (base/pages/plain-page.ts) over node:http.
import type { ServerResponse } from 'node:http';
import type { PageLook } from '#base/pages/page-look.ts';
import { type PlainPage, renderPage } from '#base/pages/plain-page.ts';

export { html, pageFields as pageHeaders } from '#base/pages/plain-page.ts';

export interface Page extends PlainPage {
  readonly status?: number;
}

/** Sends a page. */
export function sendPage(response: ServerResponse, look: PageLook, { status = 200, ...page }: Page): void {
  const { bytes, fields } = renderPage(page, look);
  response.writeHead(status, { ...fields, 'Content-Length': bytes.length });
  response.end(response.req.method === 'HEAD' ? undefined : bytes);
}
