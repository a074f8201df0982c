// Where share links lead: the token in the address is exchanged for a cookie of this hostname, and the browser goes on to the
// page that the link opens, whose address holds no token. Each browser that opens a counted link is counted by the control
// plane, in the store; what only looks at links (a chat's preview, a prefetch) gets a page with a button, and is not.
import { html } from '#base/pages/plain-page.ts';
import type { RequestHead } from '#http/exchange.ts';
import type { DirectoryLink } from '#model/access/access-state.ts';
import type { Exchange } from '../../exchange.ts';
import type { AccessDesk } from '../visitors/access-desk.ts';
import { readForm } from './form-reader.ts';
import { answerPage, answerShort } from './sign-in-answers.ts';

/** Answers a request for a share link. */
export function answerShareLink(exchange: Exchange, desk: AccessDesk, siteUrl: string): void {
  const { request } = exchange;
  const { passes } = desk;
  const link = passes.linkOf(new URLSearchParams(request.query).get('token') ?? '', request.host);
  if (!link) return exchange.fail('link-ended', 'no such share link here, or not any more');
  const open = (): void => {
    answerShort(exchange, 303, [
      ...['Location', `${siteUrl}${link.path}`],
      ...['Set-Cookie', passes.cookieWith(request, { kind: 'link', id: link.id, untilMs: link.expiresAtMs })],
    ]);
  };
  if (!link.isCounted || passes.holds(request, link.id)) return open();
  if (request.method === 'POST') return readForm(exchange, () => void count(exchange, desk, link, open));
  if (isOpenedByPerson(request)) return void count(exchange, desk, link, open);
  const body = html`<h1>${request.host}</h1>
    <p>This link opens a page for you in this browser.</p>
    <form method="post"><button>Open it</button></form>`;
  answerPage(exchange, desk, { status: 200, title: request.host, body });
}

async function count(
  exchange: Exchange,
  { options }: AccessDesk,
  link: DirectoryLink,
  open: () => void,
): Promise<void> {
  try {
    const mayOpen = await options.useShareLink(link.id);
    if (exchange.isFinished) return;
    if (mayOpen) open();
    else exchange.fail('link-ended', `share link ${link.id} was opened as often as it may`);
  } catch {
    if (!exchange.isFinished) exchange.fail('control-away', 'the opening of a link could not be counted');
  }
}

/** Browsers say so of a navigation; what fetches ahead of one says that. */
function isOpenedByPerson({ method, fields }: RequestHead): boolean {
  if (method !== 'GET' || fields.get('sec-fetch-mode') !== 'navigate') return false;
  return fields.get('sec-purpose') === undefined && fields.get('purpose') === undefined;
}
