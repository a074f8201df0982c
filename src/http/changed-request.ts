// A request head made from another, with what differs: other fields for the origin, another query for the cache, what a proxy
// asks about instead of how it asks. All steps that change a request on its way use it.
import type { BodyKind, ClientAddress, Fields, RequestHead } from './exchange.ts';

/** A request head as another, but for what is named. */
export class ChangedRequest implements RequestHead {
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

  /** HOT: one field after the other, so that all such heads have one shape; a spread would give each source one of its own. */
  constructor(request: RequestHead, changes: Partial<RequestHead>) {
    this.method = request.method;
    this.scheme = request.scheme;
    this.host = request.host;
    this.authority = request.authority;
    this.path = request.path;
    this.query = request.query;
    this.httpVersion = request.httpVersion;
    this.fields = request.fields;
    this.bodyKind = request.bodyKind;
    this.contentLength = request.contentLength;
    this.upgrade = request.upgrade;
    this.expectsContinue = request.expectsContinue;
    this.acceptsTrailers = request.acceptsTrailers;
    this.client = request.client;
    this.requestId = request.requestId;
    this.startedMs = request.startedMs;
    Object.assign(this, changes);
  }
}
