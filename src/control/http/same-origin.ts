// Against forged requests from other sites (CSRF). A browser sends the session cookie along with whatever a page makes it
// send; so what comes with a cookie must also come from our own page. Without a session there is still one thing that
// another page may want: to sign the browser in as the attacker, who then reads what its owner enters (login CSRF).
// Bearers of API keys are no browsers and need no guard.
//
// "Our own page" is the same origin, not the same site: every service behind the edge is a sibling on the same domain.
import { SallyportError } from '#base/errors.ts';
import type { ApiRequest, Identity } from './handler.ts';

/**
 * Refuses a request that another site's page may have caused. With a session reads are refused, too: a stream or a backup
 * is nobody else's to embed.
 * @throws SallyportError 'forbidden'
 */
export function refuseForgery(request: ApiRequest, identity: Identity): void {
  if (identity.session) requireOwnPage(request);
  else if (identity.actor.kind === 'nobody' && !isRead(request)) refuseForeignPage(request);
}

function requireOwnPage(request: ApiRequest): void {
  const site = request.header('sec-fetch-site');
  if (site !== '') {
    if (site === 'same-origin') return;
    // Typed into the address bar, or a bookmark: harmless for what only reads.
    if (site === 'none' && isRead(request)) return;
    throw forged();
  }
  // Browsers before Fetch metadata (2023) send Origin with everything that changes something.
  const origin = request.header('origin');
  if (origin === '' && isRead(request)) return;
  if (origin !== ownOrigin(request)) throw forged();
}

/** A program sends neither field, and has no cookies that a page could misuse. */
function refuseForeignPage(request: ApiRequest): void {
  const site = request.header('sec-fetch-site');
  const origin = request.header('origin');
  const isForeign =
    (site !== '' && site !== 'same-origin') || (origin !== '' && origin !== ownOrigin(request));
  if (isForeign) throw forged();
}

function ownOrigin({ isSecure, authority }: ApiRequest): string {
  return `${isSecure ? 'https' : 'http'}://${authority}`;
}

function isRead({ method }: ApiRequest): boolean {
  return method === 'GET' || method === 'HEAD';
}

function forged(): SallyportError {
  return new SallyportError(
    'forbidden',
    'This request came from the page of another site, and was refused; use the dashboard itself, or an API key.',
  );
}
