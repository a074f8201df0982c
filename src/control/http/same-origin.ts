// Against forged requests from other sites (CSRF). A browser sends the session cookie along with whatever a page makes it
// send; so what comes with a cookie must also come from our own page. Bearers of API keys are no browsers and need no guard.
import { SallyportError } from '#base/errors.ts';
import type { ApiRequest } from './handler.ts';

/**
 * Refuses a request with a session that another site's page may have caused. Reads are refused, too: a stream or a backup is
 * nobody else's to embed.
 * @throws SallyportError 'forbidden'
 */
export function refuseForgery(request: ApiRequest): void {
  const site = request.header('sec-fetch-site');
  if (site !== '') {
    if (site === 'same-origin') return;
    // Typed into the address bar, or a link from elsewhere: harmless for what only reads.
    if (site === 'none' && isRead(request)) return;
    throw forged();
  }
  // Browsers before Fetch metadata (2023) send Origin with everything that changes something.
  const origin = request.header('origin');
  if (origin === '' && isRead(request)) return;
  if (origin !== `${request.isSecure ? 'https' : 'http'}://${request.authority}`) throw forged();
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
