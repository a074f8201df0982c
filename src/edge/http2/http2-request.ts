// An HTTP/2 request's header list made into the same RequestHead that the HTTP/1.1 parser makes, by the same rules:
// one canonical host and path, and a refusal wherever two readers could understand two things (edge.md section 3.2 says
// what nghttp2 has already refused and what it lets through).
import { createHash } from 'node:crypto';
import { parseAuthority } from '#base/net/hostname.ts';
import { failure } from '#http/exchange.ts';
import type { BodyKind, ClientAddress, ExchangeFailure, FailureCode, RequestHead } from '#http/exchange.ts';
import { canonicalPath } from '#http/request-target.ts';
import { FieldAction } from '#wire/http1-fields.ts';
import { Http1Error } from '#wire/http1-error.ts';
import { Http2Fields } from './http2-fields.ts';
import type { FieldTable } from './http2-fields.ts';

/** What the parser needs beside the header list. */
export interface RequestContext {
  readonly table: FieldTable;
  readonly headBytes: number;
  readonly headFields: number;
  readonly targetBytes: number;
  /** Upgrade tokens that may pass, lower-case; `websocket` always does. */
  readonly upgrades: readonly string[];
}

/** A request as received over HTTP/2. */
export class Http2Request implements RequestHead {
  method = '';
  readonly scheme = 'https';
  host = '';
  authority = '';
  path = '';
  query = '';
  readonly httpVersion = '2';
  fields: Http2Fields;
  bodyKind: BodyKind = 'none';
  contentLength = -1;
  upgrade = '';
  expectsContinue = false;
  acceptsTrailers = false;
  readonly client: ClientAddress;
  requestId = '';
  readonly startedMs: number;

  constructor(fields: Http2Fields, client: ClientAddress, startedMs: number) {
    this.fields = fields;
    this.client = client;
    this.startedMs = startedMs;
  }
}

/**
 * Over HTTP/2 a WebSocket has no handshake key (RFC 8441 section 5), an HTTP/1.1 origin insists on one (RFC 6455
 * section 4.1). It only has to differ each time, as the request's id does.
 */
export function addHandshakeKey(request: Http2Request): void {
  if (request.upgrade !== 'websocket' || request.fields.get('sec-websocket-key') !== undefined) return;
  const key = createHash('sha256').update(request.requestId).digest().subarray(0, 16).toString('base64');
  request.fields.addEndToEnd('sec-websocket-key', key);
}

/** What one pass over the header list collects. */
interface HeaderList {
  method: string;
  scheme: string;
  authority: string | undefined;
  path: string | undefined;
  protocol: string | undefined;
  host: string | undefined;
  cookie: string | undefined;
  contentLength: string | undefined;
  expect: string | undefined;
  te: string | undefined;
  endToEnd: string;
}

/** A request that was refused: what to answer, and the request as far as it could be read, for the log. */
export class RefusedRequest {
  readonly failure: ExchangeFailure;
  readonly request: Http2Request;

  constructor(what: ExchangeFailure, request: Http2Request) {
    this.failure = what;
    this.request = request;
  }
}

/** Reads a header list. `raw` is kept. */
export function readRequest(
  raw: readonly string[],
  hasBody: boolean,
  origin: { readonly client: ClientAddress; readonly nowMs: number },
  context: RequestContext,
): Http2Request | RefusedRequest {
  const list = emptyList();
  const bytes = collect(raw, list, context.table);
  const request = new Http2Request(
    new Http2Fields(raw, list.cookie, list.endToEnd),
    origin.client,
    origin.nowMs,
  );
  const refusal =
    readSize(raw.length / 2, bytes, context) ??
    readMethod(request, list, context) ??
    readTarget(request, list, context) ??
    readAuthority(request, list) ??
    readBody(request, list, hasBody);
  if (refusal === undefined) return request;
  // What was not come to may be readable all the same.
  if (request.method === '') void readMethod(request, list, context);
  if (request.path === '') void readTarget(request, list, context);
  if (request.host === '') void readAuthority(request, list);
  return new RefusedRequest(refusal, request);
}

function readSize(fields: number, bytes: number, context: RequestContext): Refusal {
  if (fields > context.headFields + 4) {
    return failure('headers-too-large', `more than ${context.headFields} header fields`);
  }
  if (bytes > context.headBytes) {
    return failure('headers-too-large', `the header is larger than ${context.headBytes} bytes`);
  }
  return undefined;
}

function emptyList(): HeaderList {
  return {
    method: '',
    scheme: '',
    authority: undefined,
    path: undefined,
    protocol: undefined,
    host: undefined,
    cookie: undefined,
    contentLength: undefined,
    expect: undefined,
    te: undefined,
    endToEnd: '',
  };
}

/** HOT: the one pass. Returns the size of the header as HTTP/1.1 would have it. */
function collect(raw: readonly string[], list: HeaderList, table: FieldTable): number {
  let bytes = 0;
  for (let i = 0; i < raw.length; i += 2) {
    const name = raw[i]!;
    const value = raw[i + 1]!;
    bytes += name.length + value.length + 4;
    if (name.charCodeAt(0) === 0x3a) {
      collectPseudo(name, value, list);
      continue;
    }
    const action = table.ofRequest(name);
    if (action === FieldAction.forward) {
      // Crumbs of one cookie come as separate fields for the sake of compression (RFC 9113 section 8.2.3).
      if (name === 'cookie') list.cookie = list.cookie === undefined ? value : `${list.cookie}; ${value}`;
      else list.endToEnd += `${name}: ${value}\r\n`;
    } else if (action !== FieldAction.drop) {
      collectSpecial(action, value, list);
    }
  }
  if (list.cookie !== undefined) list.endToEnd += `cookie: ${list.cookie}\r\n`;
  return bytes;
}

function collectPseudo(name: string, value: string, list: HeaderList): void {
  switch (name) {
    case ':method':
      list.method = value;
      return;
    case ':path':
      list.path = value;
      return;
    case ':authority':
      list.authority = value;
      return;
    case ':scheme':
      list.scheme = value;
      return;
    case ':protocol':
      list.protocol = value;
      return;
    default:
  }
}

function collectSpecial(action: number, value: string, list: HeaderList): void {
  switch (action) {
    case FieldAction.host:
      list.host = value;
      return;
    case FieldAction.contentLength:
      list.contentLength = value;
      return;
    case FieldAction.expect:
      list.expect = value;
      return;
    case FieldAction.te:
      list.te = value;
      return;
    default:
  }
}

type Refusal = ExchangeFailure | undefined;

function refuse(code: FailureCode, detail: string): ExchangeFailure {
  return failure(code, detail);
}

function readMethod(request: Http2Request, list: HeaderList, context: RequestContext): Refusal {
  if (!/^[A-Z!#$%&'*+.^_`|~0-9-]{1,32}$/.test(list.method)) return refuse('bad-request', 'no valid method');
  request.method = list.method;
  if (list.method === 'CONNECT') return readConnect(request, list, context);
  if (list.method === 'TRACE') return refuse('method-not-allowed', 'TRACE is not served');
  if (list.protocol !== undefined) return refuse('bad-request', ':protocol without CONNECT');
  return undefined;
}

/** Plain CONNECT is never served; the extended form (RFC 8441) is how HTTP/2 spells an upgrade. */
function readConnect(request: Http2Request, list: HeaderList, context: RequestContext): Refusal {
  if (list.protocol === undefined) return refuse('method-not-allowed', 'CONNECT');
  const token = list.protocol.toLowerCase();
  if (token !== 'websocket' && !context.upgrades.includes(token)) {
    return refuse('not-implemented', `extended CONNECT for "${token.slice(0, 40)}"`);
  }
  request.upgrade = token;
  // What the origin gets is a GET with Upgrade; that is also what routing and logs should see.
  request.method = 'GET';
  return undefined;
}

function readTarget(request: Http2Request, list: HeaderList, context: RequestContext): Refusal {
  if (list.scheme !== 'https') return refuse('bad-request', ':scheme is not https on a TLS connection');
  const target = list.path;
  if (target === undefined || target === '') return refuse('bad-request', 'no :path');
  if (target.length > context.targetBytes) {
    return refuse('uri-too-long', `the request target is longer than ${context.targetBytes} bytes`);
  }
  if (target === '*' && request.method === 'OPTIONS') {
    request.path = '*';
    return undefined;
  }
  const mark = target.indexOf('?');
  try {
    request.path = canonicalPath(mark < 0 ? target : target.slice(0, mark));
  } catch (error) {
    if (!(error instanceof Http1Error)) throw error;
    return refuse(error.kind, error.message);
  }
  if (mark >= 0) {
    request.query = target.slice(mark);
    if (!/^[\x21\x22\x24-\x7e]*$/.test(request.query))
      return refuse('bad-request', 'a byte in the query is not allowed');
  }
  return undefined;
}

function readAuthority(request: Http2Request, list: HeaderList): Refusal {
  const text = list.authority ?? list.host;
  const authority = text === undefined ? undefined : parseAuthority(fromUtf8(text));
  if (authority === undefined) return refuse('bad-request', 'no valid :authority');
  request.host = authority.host;
  const bracketed = authority.host.includes(':') ? `[${authority.host}]` : authority.host;
  request.authority = authority.port === undefined ? bracketed : `${bracketed}:${authority.port}`;
  if (list.host === undefined || list.host === text) return undefined;
  const host = parseAuthority(fromUtf8(list.host));
  if (host?.host === authority.host && (host.port ?? 443) === (authority.port ?? 443)) return undefined;
  return refuse('bad-request', 'Host and :authority differ');
}

/** Node gives field values as latin1; a hostname in raw UTF-8 is decoded before it is judged. */
function fromUtf8(text: string): string {
  return /[\u0080-\u00ff]/.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}

function readBody(request: Http2Request, list: HeaderList, hasBody: boolean): Refusal {
  request.acceptsTrailers = list.te === 'trailers';
  if (list.expect !== undefined) {
    if (list.expect.toLowerCase() !== '100-continue')
      return refuse('expectation-failed', 'unknown expectation');
    request.expectsContinue = true;
  }
  if (!hasBody || request.upgrade !== '') return undefined;
  if (list.contentLength === undefined) {
    request.bodyKind = 'chunked';
    return undefined;
  }
  if (!/^[0-9]{1,15}$/.test(list.contentLength))
    return refuse('bad-request', 'Content-Length is not a usable number');
  request.bodyKind = 'length';
  request.contentLength = Number(list.contentLength);
  return undefined;
}
