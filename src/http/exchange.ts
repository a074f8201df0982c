// One HTTP exchange between its two halves. The downstream half faces the client (HTTP/1.1 or HTTP/2 front), the
// upstream half faces the origin (HTTP/1.1 over a stream, HTTP/2 over a stream, or an answer of the edge's own).
// Neither knows the other's protocol; every call is synchronous and hot, so everything is a buffer or a plain field.
import type { X509Certificate } from 'node:crypto';

/** Header fields in order; names as received. Implementations: the HTTP/1.1 head's spans, or a flat array. */
export interface Fields {
  /** Value of the first field with this lower-case name, or undefined. */
  get(lowerName: string): string | undefined;
  /** Calls `visit` for each field; values are latin1 text. */
  forEach(visit: (name: string, value: string) => void): void;
  /**
   * Writes `Name: value\r\n` for each field that may be forwarded as it is to `out` from `offset`, returns the new
   * offset. Fields the protocol layer owns (hop-by-hop, framing, Host, forwarding fields) are left out.
   */
  writeEndToEnd(out: Buffer, offset: number): number;
}

/** How a message body is delimited for the next hop. */
export type BodyKind = 'none' | 'length' | 'chunked';

/** A request after the one strict parse; everything downstream of it uses these canonical forms only. */
export interface RequestHead {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  /** Canonical hostname: lower-case, no port, no trailing dot, A-labels; IPv6 literals without brackets. */
  readonly host: string;
  /** The Host field to forward: canonical hostname with the port the client named, if any. */
  readonly authority: string;
  /** Canonical path in percent-encoded form, always starting with '/'. */
  readonly path: string;
  /** '' or '?...' exactly as received. */
  readonly query: string;
  readonly httpVersion: '1.0' | '1.1' | '2';
  readonly fields: Fields;
  readonly bodyKind: BodyKind;
  /** Valid when bodyKind is 'length'. */
  readonly contentLength: number;
  /** Lower-case Upgrade token that may pass (`websocket`), or ''. */
  readonly upgrade: string;
  readonly expectsContinue: boolean;
  /** The client sent `TE: trailers`. */
  readonly acceptsTrailers: boolean;
  readonly client: ClientAddress;
  readonly requestId: string;
  /** clock.nowMs() when the head's first byte was read. */
  readonly startedMs: number;
}

/** Where a request came from. One object per client connection. */
export interface ClientAddress {
  /** The client as decided by trusted proxies and PROXY protocol. */
  readonly address: string;
  readonly port: number;
  /** The socket's own peer. */
  readonly peerAddress: string;
  readonly localAddress: string;
  readonly localPort: number;
  /** TLS server name, '' when none was sent or on plain HTTP. */
  readonly serverName: string;
  /** What the client has shown of itself where it was asked, whoever issued it; that it holds the key is proved. */
  readonly certificate?: X509Certificate;
}

/** A final or interim response head from upstream. */
export interface ResponseHead {
  readonly status: number;
  readonly fields: Fields;
  /** As delimited by the origin; 'none' for HEAD, 1xx, 204, 304. 'close' is delivered as 'chunked' (length unknown). */
  readonly bodyKind: BodyKind;
  /** Valid when bodyKind is 'length'; for 'none' the Content-Length the origin named, or -1. */
  readonly contentLength: number;
}

/** The half that faces the client. Implemented by the fronts, called by upstreams. */
export interface Downstream {
  /** 1xx other than 101. */
  inform(head: ResponseHead): void;
  /** The final head; exactly once unless `abort` came first. */
  respond(head: ResponseHead): void;
  /** 101 (or 200 to an extended CONNECT): from here `body` and the upstream's `writeBody` carry raw bytes. */
  switchProtocols(head: ResponseHead): void;
  /**
   * Body bytes, valid during the call only unless they last. False: stop reading until `Upstream.downstreamDrained`.
   */
  body(chunk: Buffer, lasts?: boolean): boolean;
  /** The response ended cleanly; `trailers` or null. */
  end(trailers: Fields | null): void;
  /** Called when the bytes at hand have been passed on but the response goes on: send what is gathered. */
  flush?(): void;
  /** The response cannot be completed: an error answer if nothing was sent yet, else the connection is cut. */
  abort(failure: ExchangeFailure): void;
  /** After `Upstream.writeBody` returned false: there is room again. */
  upstreamDrained(): void;
}

/** The half that faces the origin. Returned when an exchange starts, called by the front. */
export interface Upstream {
  /**
   * Request body bytes (decoded from any chunking), valid during the call only; after switchProtocols raw bytes. False:
   * wait for upstreamDrained.
   */
  writeBody(chunk: Buffer): boolean;
  /** The request body is complete. */
  endBody(trailers: Fields | null): void;
  /** The client can take more response bytes. */
  downstreamDrained(): void;
  /** The client cannot yet, but has taken some of those that it was given. */
  downstreamMoved?(): void;
  /** The client went away or broke the rules: give the origin up. No call to downstream follows. */
  abort(reason: string): void;
}

/** Where an exchange failed, in words for a log and a code for a machine; nothing internal in `title`. */
export interface ExchangeFailure {
  /** HTTP status for the client. */
  readonly status: number;
  /** Value of X-Sallyport-Error, e.g. `no-connector`, `origin-refused`. */
  readonly code: FailureCode;
  /** For the access log only. */
  readonly detail: string;
  /** The origin spoke HTTP/2 and reset the stream with this code; an HTTP/2 client gets the same. */
  readonly http2Code?: number;
  /** What the visitor reads instead of the code's own sentence. */
  readonly sentence?: string;
  /** Fields that the answer carries beside its own, as a flat list. */
  readonly fields?: readonly string[];
}

/** Every X-Sallyport-Error code with its status and the sentence a visitor sees. */
export const failureCodes = {
  'bad-request': [400, 'The request was not valid HTTP.'],
  'no-such-host': [404, 'No site is published here under this name.'],
  'no-such-path': [404, 'Nothing is published here under this path.'],
  'method-not-allowed': [405, 'This method is not allowed here.'],
  'request-timeout': [408, 'The request did not arrive in time.'],
  maintenance: [503, 'The site is being worked on.'],
  'length-required': [411, 'The service needs to know the length of what is sent.'],
  'body-too-large': [413, 'What is sent is too large.'],
  'uri-too-long': [414, 'The address is too long.'],
  'expectation-failed': [417, 'The expectation in the request cannot be met.'],
  misdirected: [421, 'This connection was made for another name.'],
  'rate-limited': [429, 'Too many requests came from you.'],
  banned: [403, 'Requests from your address are refused.'],
  'headers-too-large': [431, 'The request header is too large.'],
  'access-required': [403, 'This site asks for a sign-in that this edge cannot check.'],
  'sign-in-required': [401, 'This site asks you to sign in.'],
  'sign-in-failed': [403, 'The sign-in did not come to an end; go back to the site and try again.'],
  'access-denied': [403, 'You may not see this.'],
  'access-ended': [403, 'Your sign-in has ended.'],
  'link-ended': [403, 'This link has run out, was revoked, or has been opened as often as it may.'],
  internal: [500, 'The edge made a mistake.'],
  'not-implemented': [501, 'The edge does not support this request.'],
  'origin-refused': [502, 'The service refused the connection.'],
  'origin-unreachable': [502, 'The service could not be reached.'],
  'origin-tls': [502, 'No secure connection to the service could be made.'],
  'origin-protocol': [502, 'The service answered with something that is not valid HTTP.'],
  'origin-closed': [502, 'The service closed the connection before it answered.'],
  'connector-lost': [502, 'The connection to the connector was lost before the answer came.'],
  'rule-refused': [502, 'The connector does not allow this service.'],
  draining: [503, 'The service is being restarted.'],
  overloaded: [503, 'Too many requests are under way.'],
  'control-away': [503, 'This cannot be looked up at the moment; try again in a few seconds.'],
  'no-ingress': [503, 'The connector has no rule for this name yet.'],
  'origin-timeout': [504, 'The service did not answer in time.'],
  'not-cached': [504, 'No copy is stored here, and the request said not to ask the service.'],
  'http-version': [505, 'This HTTP version is not supported.'],
  loop: [508, 'The request came back to the edge it started from.'],
  'no-connector': [530, 'No connector is online for this site.'],
} as const satisfies Record<string, readonly [number, string]>;

export type FailureCode = keyof typeof failureCodes;

/** A failure with the status its code implies. */
export function failure(code: FailureCode, detail: string): ExchangeFailure {
  return { status: failureCodes[code][0], code, detail };
}
