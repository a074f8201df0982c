// From a parsed HTTP/1.1 head to a request that may enter the edge: canonical host and path, framing, upgrade,
// expectation. Everything that could be understood in two ways ends here with a status.
import { parseAuthority } from '#base/net/hostname.ts';
import type { Authority } from '#base/net/hostname.ts';
import type { BodyKind, ClientAddress, FailureCode, Fields, RequestHead } from '#http/exchange.ts';
import { canonicalPath } from '#http/request-target.ts';
import type { Http1Error } from '#wire/http1-error.ts';
import type { Http1Head } from '#wire/http1-head.ts';

/** A head that must be answered with this failure; the connection is closed after it. */
export class RequestRefusal extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string) {
    super(message);
    this.name = 'RequestRefusal';
    this.code = code;
  }
}

export class Http1Request implements RequestHead {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  host = '';
  authority = '';
  path = '/';
  query = '';
  readonly httpVersion: '1.0' | '1.1';
  readonly fields: Fields;
  bodyKind: BodyKind = 'none';
  contentLength = -1;
  upgrade = '';
  /** The client asked for some upgrade, allowed or not: what follows is not read as a request (RFC 9931). */
  asksUpgrade = false;
  expectsContinue = false;
  readonly acceptsTrailers: boolean;
  readonly client: ClientAddress;
  requestId = '';
  readonly startedMs: number;

  constructor(head: Http1Head, origin: { scheme: 'http' | 'https'; client: ClientAddress; nowMs: number }) {
    this.method = head.method;
    this.scheme = origin.scheme;
    this.httpVersion = head.minorVersion === 1 ? '1.1' : '1.0';
    this.fields = head;
    this.acceptsTrailers = head.teIndex >= 0 && /(^|[,\s])trailers($|[,;\s])/i.test(head.value(head.teIndex));
    this.client = origin.client;
    this.startedMs = origin.nowMs;
  }
}

/** Remembers the last Host text, which on one connection nearly always stays the same. */
export class AuthorityCache {
  #text = '';
  #authority: Authority | undefined;
  #formatted = '';

  /** @throws RequestRefusal when Host is no valid authority */
  read(head: Http1Head): { host: string; authority: string } {
    if (this.#authority === undefined || !head.hasValue(head.hostIndex, this.#text)) {
      const text = head.value(head.hostIndex);
      const parsed = parseAuthority(decodeUtf8(text));
      if (parsed === undefined) throw new RequestRefusal('bad-request', 'Host is not a valid hostname');
      this.#text = text;
      this.#authority = parsed;
      const host = parsed.host.includes(':') ? `[${parsed.host}]` : parsed.host;
      this.#formatted = parsed.port === undefined ? host : `${host}:${parsed.port}`;
    }
    return { host: this.#authority.host, authority: this.#formatted };
  }
}

/**
 * Fills `request` from its head.
 * @throws RequestRefusal or Http1Error
 */
export function completeRequest(
  request: Http1Request,
  head: Http1Head,
  options: { authorities: AuthorityCache; upgrades: readonly string[] },
): void {
  if (head.hostIndex < 0) throw new RequestRefusal('bad-request', 'no Host');
  const named = options.authorities.read(head);
  request.host = named.host;
  request.authority = named.authority;
  if (head.method === 'CONNECT' || head.method === 'TRACE') {
    throw new RequestRefusal('method-not-allowed', `${head.method} is not served`);
  }
  readTarget(request, head.target);
  if (head.isChunked) request.bodyKind = 'chunked';
  else if (
    head.contentLength > 0 ||
    (head.contentLength === 0 && head.method !== 'GET' && head.method !== 'HEAD')
  ) {
    request.bodyKind = 'length';
    request.contentLength = head.contentLength;
  }
  if (head.upgradeIndex >= 0 && head.isConnectionUpgrade && head.minorVersion === 1) {
    request.asksUpgrade = true;
    const token = head.value(head.upgradeIndex).toLowerCase();
    if (isUpgradeAllowed(token, options.upgrades) && !head.isChunked && head.contentLength <= 0)
      request.upgrade = token;
  }
  if (head.expectIndex >= 0 && head.minorVersion === 1) {
    if (head.value(head.expectIndex).toLowerCase() !== '100-continue') {
      throw new RequestRefusal('expectation-failed', 'Expect is not 100-continue');
    }
    request.expectsContinue = request.bodyKind !== 'none';
  }
}

/** Field values are read byte by byte; names beyond ASCII come in UTF-8, and what is none becomes U+FFFD. */
function decodeUtf8(text: string): string {
  return /[\x80-\xff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}

function isUpgradeAllowed(token: string, upgrades: readonly string[]): boolean {
  return token === 'websocket' || (token !== 'h2c' && upgrades.includes(token));
}

/** Origin-form, or absolute-form that names the same host as Host does (RFC 9112 section 3.2). */
function readTarget(request: Http1Request, target: string): void {
  let rest = target;
  if (target.charCodeAt(0) !== 0x2f) {
    if (target === '*' && request.method === 'OPTIONS') {
      request.path = '*';
      return;
    }
    rest = absoluteFormRest(request, target);
  }
  const mark = rest.indexOf('?');
  if (mark < 0) request.path = canonicalPath(rest);
  else {
    request.path = canonicalPath(rest.slice(0, mark));
    request.query = rest.slice(mark);
  }
}

function absoluteFormRest(request: Http1Request, target: string): string {
  const parts = /^https?:\/\/([^/?@]+)([/?].*)?$/i.exec(target);
  if (!parts) throw new RequestRefusal('bad-request', 'the request target has no valid form');
  const authority = parseAuthority(parts[1]!);
  if (authority === undefined || authority.host !== request.host) {
    throw new RequestRefusal('bad-request', 'the request target and Host name different hosts');
  }
  const rest = parts[2] ?? '/';
  return rest.startsWith('?') ? `/${rest}` : rest;
}

/** The failure to answer a decoding error with. */
export function refusalCode(error: RequestRefusal | Http1Error): FailureCode {
  if (error instanceof RequestRefusal) return error.code;
  return error.kind;
}
