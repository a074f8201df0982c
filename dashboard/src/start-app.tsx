// Puts the dashboard on the page, with whatever API it is given: the edge's, or the one in memory of dev/.
import { createRoot } from 'react-dom/client';
import { setNonce } from 'get-nonce';
import { config } from 'zod';
import type { ApiClient } from '#api/client.ts';
import { App } from './app.tsx';
import { basePath, styleNonce } from './base-path.ts';

/** Starts it. */
export function startApp(api: ApiClient): void {
  // The content security policy has no eval; zod would try, and the browser would report it.
  config({ jitless: true });
  // react-remove-scroll, below Mantine's dialogs, writes a style element.
  const nonce = styleNonce();
  if (nonce !== '') setNonce(nonce);
  createRoot(document.getElementById('root')!).render(
    <App api={api} basePath={basePath()} styleNonce={nonce} />,
  );
}
