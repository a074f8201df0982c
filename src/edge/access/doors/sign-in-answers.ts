// What a stranger at a protected route gets: a browser that looks at a page is led to where people sign in; everything else
// gets 401 with a challenge, because it could not follow.
import { ListFields } from '#http/list-fields.ts';
import type { RequestHead } from '#http/exchange.ts';
import { askMs, hashOfNonce, maxReturnLength, visitorPages } from '#model/access/sign-in-passage.ts';
import { type PlainPage, renderPage } from '#base/pages/plain-page.ts';
import type { Exchange } from '../../exchange.ts';
import { formatCookie, readCookie, tryCookie } from '../visitors/access-cookies.ts';
import type { AccessDesk } from '../visitors/access-desk.ts';

/** Leads to the sign-in, or challenges. */
export function askToSignIn(exchange: Exchange, desk: AccessDesk, detail: string): void {
  const way = canFollow(exchange.request) ? signInUrl(exchange, desk) : undefined;
  if (!way) return exchange.fail('sign-in-required', detail);
  answerShort(exchange, 302, [
    ...['Location', way.url],
    ...['Set-Cookie', way.setCookie],
    ...['Vary', 'Cookie, Accept'],
  ]);
}

/** Where a browser signs in to come back to this page, and the cookie that ties both ends; undefined where nobody can. */
export function signInUrl(
  { request }: Exchange,
  desk: AccessDesk,
): { readonly url: string; readonly setCookie: string } | undefined {
  const { dashboardUrl, passage, clock, random, sitePort } = desk.options;
  const url = dashboardUrl();
  if (url === '' || request.scheme !== 'https') return undefined;
  const nonce = nonceOf(request) ?? Buffer.from(random.bytes(32)).toString('base64url');
  const path = `${request.path}${request.query}`;
  const port = sitePort?.(request.host);
  const ask = passage.formatAsk({
    host: request.host,
    ...(port === undefined ? {} : { port }),
    path: path.length > maxReturnLength ? '/' : path,
    nonceHash: hashOfNonce(nonce),
    expiresAtMs: clock.wallMs() + askMs,
  });
  return {
    url: `${url}${visitorPages}/sign-in?ask=${ask}`,
    setCookie: formatCookie(tryCookie, nonce, askMs),
  };
}

/** A page of the edge's own, with the fields that go with it: names and values by turns. */
export interface EdgePage extends PlainPage {
  readonly status: number;
  readonly fields?: readonly string[];
}

/** Answers with it, as the owner's pages look. */
export function answerPage(
  exchange: Exchange,
  { look }: AccessDesk,
  { status, fields: more = [], ...page }: EdgePage,
): void {
  const { bytes, fields } = renderPage(page, look);
  const isHead = exchange.request.method === 'HEAD';
  exchange.respond({
    status,
    fields: new ListFields([...Object.entries(fields).flat(), ...more]),
    bodyKind: isHead ? 'none' : 'length',
    contentLength: bytes.length,
  });
  if (!isHead) exchange.body(bytes);
  exchange.end(null);
}

/** Answers without a body, or with a short one. */
export function answerShort(exchange: Exchange, status: number, fields: readonly string[], body = ''): void {
  const bytes = Buffer.from(body);
  const isHead = exchange.request.method === 'HEAD';
  exchange.respond({
    status,
    fields: new ListFields(['Cache-Control', 'no-store', 'Referrer-Policy', 'no-referrer', ...fields]),
    bodyKind: isHead ? 'none' : 'length',
    contentLength: bytes.length,
  });
  if (!isHead && bytes.length > 0) exchange.body(bytes);
  exchange.end(null);
}

/**
 * Programs that ask for HTML, or call themselves a browser, and would take the sign-in page for their answer: sync clients,
 * WebDAV of systems, git, package and media clients. By the names that they send (their own documentation and sources).
 */
const programs =
  /^(git|git-lfs|curl|wget|python-|okhttp|dart|go-http-client|java|docker|containerd|skopeo|davfs2|webdavfs|microsoft-webdav|davx5|cadaver|gvfs|rclone|restic|vlc|lavf|kodi|exoplayer|jellyfin|infuse|home assistant|homeassistant|immich|subsonic|nextcloud|bitwarden(_mobile)?|axios|node|undici|helm|npm|pip|cargo)\b|\b(mirall|nextcloud-(android|ios|talk))\b/i;

/** Whoever looks at a page: a read that wants HTML and, where the browser says so, is a navigation; no known program. */
export function canFollow({ method, upgrade, fields }: RequestHead): boolean {
  if ((method !== 'GET' && method !== 'HEAD') || upgrade !== '') return false;
  const mode = fields.get('sec-fetch-mode');
  if (mode !== undefined && mode !== 'navigate') return false;
  // Only a browser has Sec-Fetch-Mode: an application that shows pages in one may call itself what it likes.
  if (mode === undefined && programs.test(fields.get('user-agent') ?? '')) return false;
  return (fields.get('accept') ?? '').includes('text/html');
}

/** Several pages opened at once share the nonce of the first. */
function nonceOf({ fields }: RequestHead): string | undefined {
  const field = fields.get('cookie');
  const nonce = field === undefined ? undefined : readCookie(field, tryCookie);
  return nonce !== undefined && /^[\w-]{43}$/.test(nonce) ? nonce : undefined;
}
