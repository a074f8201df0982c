// The question that goes to the origin where it is not the client's own: the cache asks whether its copy is still good,
// without the conditions and ranges that only the client's copy is about; and it asks on its own behalf, when the client
// has had its answer already.
import type { BodyKind, ClientAddress, Fields, RequestHead } from '#http/exchange.ts';
import type { Validators } from '#http/cache/validators.ts';
import { CopiedFields } from '#http/copied-fields.ts';
import { EditedFields } from '#http/edited-fields.ts';

/** Conditions of the client about a copy of its own, lower-case. */
const clientConditions: ReadonlySet<string> = new Set([
  ...['if-none-match', 'if-modified-since', 'range', 'if-range'],
]);

/** A request head with other fields, another query or another method. */
export class AskedRequest implements RequestHead {
  readonly method: string;
  readonly scheme: 'http' | 'https';
  readonly host: string;
  readonly authority: string;
  readonly path: string;
  readonly query: string;
  readonly httpVersion: '1.0' | '1.1' | '2';
  readonly fields: Fields;
  readonly bodyKind: BodyKind;
  readonly contentLength: number;
  readonly upgrade: string;
  readonly expectsContinue: boolean;
  readonly acceptsTrailers: boolean;
  readonly client: ClientAddress;
  readonly requestId: string;
  readonly startedMs: number;

  constructor(request: RequestHead, fields: Fields, query: string, method = request.method) {
    this.method = method;
    this.scheme = request.scheme;
    this.host = request.host;
    this.authority = request.authority;
    this.path = request.path;
    this.query = query;
    this.httpVersion = request.httpVersion;
    this.fields = fields;
    this.bodyKind = request.bodyKind;
    this.contentLength = request.contentLength;
    this.upgrade = request.upgrade;
    this.expectsContinue = request.expectsContinue;
    this.acceptsTrailers = request.acceptsTrailers;
    this.client = request.client;
    this.requestId = request.requestId;
    this.startedMs = request.startedMs;
  }
}

/** The question whether a stored response is still good; its origin answers 304, or with the new one. */
export function validatingRequest(
  request: RequestHead,
  query: string,
  { etag, lastModified }: Validators,
): RequestHead {
  let lines = etag === '' ? '' : `If-None-Match: ${etag}\r\n`;
  if (lastModified !== '') lines += `If-Modified-Since: ${lastModified}\r\n`;
  return new AskedRequest(request, new EditedFields(request.fields, lines, clientConditions), query);
}

/** The question without the client's conditions. */
export function unconditionalRequest(
  request: RequestHead,
  query: string,
  method = request.method,
): RequestHead {
  return new AskedRequest(request, new EditedFields(request.fields, '', clientConditions), query, method);
}

/** A copy that stays as it is when the client's connection goes on to its next request, or away. */
export function detachedRequest(request: RequestHead, query: string): RequestHead {
  return new AskedRequest(request, new CopiedFields(request.fields), query);
}
