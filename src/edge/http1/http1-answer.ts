// The answering half of an HTTP/1.1 client connection: what the proxy says of the present request becomes bytes on the
// wire. What an answer means for the connection, http1-connection.ts decides.
//
// HOT: one object per connection, which every exchange on it answers by; a part of a body goes straight to the writer.
import type { Buffer } from 'node:buffer';
import type { GatherWriter } from '#base/io/gather-writer.ts';
import { failure } from '#http/exchange.ts';
import type { Downstream, ExchangeFailure, FailureCode, Fields, ResponseHead } from '#http/exchange.ts';
import type { Http1Head } from '#wire/http1-head.ts';
import { renderFailure } from '../error-page.ts';
import type { Http1Request } from './http1-request.ts';
import { Http1Writer } from './http1-writer.ts';

/** The connection that is answered on. */
export interface AnsweredConnection {
  /** Whether it may go on after the answer to `request` that begins now; what the client wishes is not its business. */
  mayGoOnAfter(request: Http1Request): boolean;
  /** The answer is complete. */
  answerEnded(): void;
  /** The answer was a switch of protocols. */
  protocolSwitched(): void;
  /** No answer comes, or not the rest of it. */
  answerFailed(what: ExchangeFailure): void;
  /** The origin takes more of the request's body. */
  upstreamDrained(): void;
}

export class Http1Answer implements Downstream {
  readonly #connection: AnsweredConnection;
  readonly #head: Http1Head;
  readonly #out: GatherWriter;
  readonly #writer: Http1Writer;
  #request: Http1Request | undefined;
  #isRaw = false;
  /** The present request's answer has begun. */
  isBegun = false;
  /** It is complete. */
  isDone = false;

  /** `head` is that of the present request. */
  constructor(connection: AnsweredConnection, head: Http1Head, out: GatherWriter) {
    this.#connection = connection;
    this.#head = head;
    this.#out = out;
    this.#writer = new Http1Writer(out);
  }

  /** Whether the connection may go on after the answer that was written last. */
  get keepsAlive(): boolean {
    return this.#writer.keepsAlive;
  }

  /** What is said from here on answers `request`; between requests there is none. */
  answerTo(request: Http1Request | undefined): void {
    this.#request = request;
    this.isBegun = false;
    this.isDone = false;
  }

  inform(head: ResponseHead): void {
    if (this.#request?.httpVersion === '1.1') this.#writer.writeInterim(head);
  }

  respond(head: ResponseHead): void {
    const request = this.#request!;
    this.isBegun = true;
    const { isClose, isKeepAlive, minorVersion } = this.#head;
    const wantsMore = minorVersion === 1 ? !isClose : isKeepAlive && !isClose;
    const keepAlive = wantsMore && !request.asksUpgrade && this.#connection.mayGoOnAfter(request);
    this.#writer.writeHead(head, { isHead: request.method === 'HEAD', minorVersion, keepAlive });
  }

  body(chunk: Buffer, lasts = false): boolean {
    if (this.#isRaw) return this.#writer.writeRaw(chunk);
    return this.#writer.writeBody(chunk, lasts);
  }

  flush(): void {
    this.#out.flushSoon();
  }

  end(trailers: Fields | null): void {
    if (this.#isRaw) {
      this.#out.end();
      return;
    }
    this.#writer.finish(trailers);
    this.isDone = true;
    this.#connection.answerEnded();
  }

  switchProtocols(head: ResponseHead): void {
    this.#writer.writeSwitch(head, this.#request!.upgrade);
    this.isBegun = true;
    this.#isRaw = true;
    this.#connection.protocolSwitched();
  }

  abort(what: ExchangeFailure): void {
    this.#connection.answerFailed(what);
  }

  upstreamDrained(): void {
    this.#connection.upstreamDrained();
  }

  /** The edge's own word for what went wrong, where no answer has begun; the last on this connection. */
  refuse(code: FailureCode, detail: string, requestId: string): void {
    const request = this.#request;
    const what = failure(code, detail);
    const accept = request?.fields.get('accept') ?? '';
    const answer = renderFailure(what, requestId, accept, request?.host ?? '');
    this.#writer.writeFailure(what.status, answer, this.#head.method === 'HEAD');
  }
}
