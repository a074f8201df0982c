// One request on one HTTP/2 stream: node:http2's core stream on one side, the exchange's Upstream on the other.
//
// HOT: no closure, timer or pipe per request. Listeners are shared functions that find their exchange on the stream;
// deadlines are checked by the session's sweep, from counters that the hot path only adds to.
import { constants } from 'node:http2';
import type { ServerHttp2Stream } from 'node:http2';
import { addAbortSignal } from 'node:stream';
import { failure, failureCodes } from '#http/exchange.ts';
import type {
  Downstream,
  ExchangeFailure,
  FailureCode,
  Fields,
  RequestHead,
  ResponseHead,
  Upstream,
} from '#http/exchange.ts';
import { fieldObject, isOwnAnswer, requestTrailers, responseArray } from './http2-fields.ts';
import { failureResponse, grpcFailure, isGrpc } from './http2-failure.ts';
import type { ExchangeHost } from './http2-exchange-host.ts';
import { HeldBody, mostAtOnceBytes } from './http2-held-body.ts';
import { StreamProgress } from './http2-progress.ts';
import type { ExchangeDeadlines } from './http2-progress.ts';

/** A core stream that knows its exchange. */
interface BoundStream extends ServerHttp2Stream {
  exchange?: Http2Exchange;
  /** Set by Node for HEAD, missing from its typings. */
  readonly headRequest: boolean | undefined;
}

const endStream = { endStream: true };
const withTrailers = { waitForTrailers: true };

export class Http2Exchange implements Downstream {
  readonly stream: ServerHttp2Stream;
  readonly #host: ExchangeHost;
  #request: RequestHead | undefined;
  #refused: RequestHead | undefined;
  #upstream: Upstream | undefined;
  /** The upstream gave up; it is not to be called again. */
  #hasAborted = false;
  /** Why the upstream is to be given up as soon as `start` has returned it. */
  #dropReason: string | undefined;
  /** A final head was sent, by the origin or by us. */
  #responded = false;
  /** Nothing more will be written. */
  #responseEnded = false;
  #requestEnded: boolean;
  /** The edge answered in the origin's place: nobody reads the rest of the request. */
  #isOwnAnswer = false;
  #mayTrail = false;
  #trailersOut: Fields | null = null;
  #trailersIn: Fields | null = null;
  #isClosed = false;
  /** The edge itself cut the stream, for a reason that is not the client's. */
  #isCutByEdge = false;
  /** What the stream did not take at once; from then on all goes through it. */
  #held: HeldBody | undefined;
  readonly #progress: StreamProgress;

  constructor(stream: ServerHttp2Stream, requestEnded: boolean, host: ExchangeHost, nowMs: number) {
    this.stream = stream;
    this.#host = host;
    this.#requestEnded = requestEnded;
    this.#progress = new StreamProgress(nowMs);
    (stream as BoundStream).exchange = this;
    stream.on('error', ignoreError);
    stream.on('aborted', onClosed);
    stream.on('close', onClosed);
  }

  /** Hands the request over; `start` may answer before it returns. */
  begin(request: RequestHead, start: (request: RequestHead, downstream: Downstream) => Upstream): void {
    this.#request = request;
    const upstream = start(request, this);
    if (this.#isClosed || this.#dropReason !== undefined) {
      upstream.abort(this.#dropReason ?? 'the client went away');
      return;
    }
    if (this.#hasAborted || (this.#requestEnded && this.#responseEnded)) return;
    this.#upstream = upstream;
    if (this.#requestEnded) {
      if (request.upgrade !== '') upstream.endBody(null);
      return;
    }
    this.#listenToBody();
  }

  /** Answers without an upstream; `request` as far as it could be read. */
  refuse(what: ExchangeFailure, request: RequestHead): void {
    this.#refused = request;
    this.abort(what);
  }

  /** Answers `OPTIONS *` and the like: a status and fields, no body. */
  answer(fields: string[]): void {
    this.#responded = true;
    this.#responseEnded = true;
    this.stream.respond(fields, endStream);
    this.#settleRequest();
  }

  #listenToBody(): void {
    const { stream } = this;
    stream.on('trailers', onTrailers);
    stream.on('end', onEnd);
    stream.on('data', onData);
  }

  // Downstream, called by the upstream.

  inform(head: ResponseHead): void {
    if (this.#isGone() || this.#responded) return;
    const fields = fieldObject(head.fields, this.#host.table);
    fields[':status'] = String(head.status);
    try {
      this.stream.additionalHeaders(fields);
    } catch {
      // An interim response is only a hint; one that cannot be said in HTTP/2 is left out.
    }
  }

  respond(head: ResponseHead): void {
    if (this.#isGone() || this.#responded) return;
    if (isOwnAnswer(head.fields)) {
      this.#isOwnAnswer = true;
      if (head.status >= 400 && isGrpc(this.#request)) return this.#respondGrpc(head);
    }
    const hasNoBody = head.bodyKind === 'none' || (head.bodyKind === 'length' && head.contentLength === 0);
    const fields = responseArray(head, head.status, this.#host.table);
    this.#mayTrail = head.bodyKind === 'chunked' && this.#wantsTrailers(head);
    this.#send(fields, hasNoBody ? endStream : this.#mayTrail ? withTrailers : undefined);
  }

  /** The edge's own failure, in the one form that a gRPC client understands. */
  #respondGrpc(head: ResponseHead): void {
    const code = head.fields.get('x-sallyport-error') ?? '';
    this.#send(grpcFailure(code in failureCodes ? (code as FailureCode) : 'internal'), endStream);
    this.#responseEnded = true;
  }

  /** Trailers cost a wake-up per response, so they are awaited only where someone may send or read them. */
  #wantsTrailers(head: ResponseHead): boolean {
    return this.#request!.acceptsTrailers || head.fields.get('trailer') !== undefined;
  }

  switchProtocols(head: ResponseHead): void {
    if (this.#isGone() || this.#responded) return;
    // RFC 8441 section 5: 101 becomes 200, and the handshake's key and accept fields have no meaning here.
    const fields = responseArray(head, 200, this.#host.table);
    for (let i = fields.length - 2; i > 0; i -= 2) {
      if (/^(sec-websocket-accept|content-length)$/i.test(fields[i]!)) fields.splice(i, 2);
    }
    this.#send(fields, undefined);
  }

  #send(fields: string[], options: typeof endStream | typeof withTrailers | undefined): void {
    this.#responded = true;
    this.#host.exchangeResponds();
    try {
      this.stream.respond(fields, options);
    } catch (error) {
      // A status above 599 or a name that HTTP/2 cannot carry: the origin's fault, said as such.
      this.#responded = this.stream.headersSent;
      this.#dropUpstream('the response cannot be sent over HTTP/2');
      this.abort(failure('origin-protocol', (error as Error).message));
      return;
    }
    if (this.#mayTrail) this.stream.on('wantTrailers', onWantTrailers);
    this.#host.exchangeSent();
  }

  body(chunk: Buffer, lasts = false): boolean {
    if (this.#isGone() || this.#responseEnded) return true;
    this.#progress.written += chunk.length;
    this.#host.exchangeSent();
    // Node keeps what it is given until it has been sent.
    const bytes = lasts ? chunk : Buffer.from(chunk);
    if (this.#held) return this.#held.write(bytes);
    const isUsual = bytes.length <= mostAtOnceBytes;
    if (isUsual && this.stream.write(bytes)) return true;
    this.#held = new HeldBody(this.stream, isUsual);
    this.stream.on('drain', onDrain);
    return isUsual ? false : this.#held.write(bytes);
  }

  end(trailers: Fields | null): void {
    if (this.#responseEnded) return;
    this.#responseEnded = true;
    if (this.#isGone()) return;
    this.#trailersOut = trailers;
    if (this.#heldBytes === 0) this.stream.end();
    // An early response: the request body goes on to whoever still reads it, until the sweep ends its patience.
  }

  abort(what: ExchangeFailure): void {
    this.#hasAborted = true;
    this.#upstream = undefined;
    if (this.#isGone()) return;
    if (this.#responseEnded) {
      // The response is whole, only the rest of the request is unwanted.
      this.#settleRequest();
    } else if (this.#responded || what.http2Code !== undefined) {
      this.#cut(what.http2Code ?? constants.NGHTTP2_INTERNAL_ERROR);
    } else {
      this.#answerFailure(what);
    }
  }

  upstreamDrained(): void {
    if (!this.#isGone() && !this.#requestEnded) this.stream.resume();
  }

  #answerFailure(what: ExchangeFailure): void {
    const answer = this.#host.answerFailure(what, { begun: this.#request, refused: this.#refused });
    const { fields, body } = failureResponse(what, answer, this.#request);
    this.#responded = true;
    this.#responseEnded = true;
    this.#host.exchangeResponds();
    if (body.length === 0 || (this.stream as BoundStream).headRequest === true) {
      this.stream.respond(fields, endStream);
    } else {
      this.stream.respond(fields);
      this.stream.end(body);
    }
    this.#settleRequest();
  }

  /** Nobody wants the rest of the request: let it run out for a moment, then say NO_ERROR (RFC 9113 section 8.1). */
  #settleRequest(): void {
    if (this.#requestEnded || this.#isClosed) return;
    if (!this.stream.readableFlowing && this.stream.listenerCount('end') === 0) this.#listenToBody();
    this.stream.resume();
  }

  /**
   * Ends the stream so that no client takes the response for whole. `stream.close(code)` would not do: Node first ends
   * the writable side, and nghttp2 then sends END_STREAM instead of the reset (seen with 26.10). Destroying does not
   * end it; with trailers awaited END_STREAM is held back, and any code can be sent.
   */
  #cut(code: number): void {
    this.#isCutByEdge = true;
    this.#responseEnded = true;
    if (this.#mayTrail) this.stream.close(code);
    else if (code === constants.NGHTTP2_CANCEL) addAbortSignal(AbortSignal.abort(), this.stream);
    else this.stream.destroy(new Error('the response cannot be completed'));
  }

  #dropUpstream(reason: string): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    this.#dropReason = reason;
    // Not at once: this may be running inside a call from that very upstream.
    if (upstream) queueMicrotask(() => upstream.abort(reason));
  }

  #isGone(): boolean {
    return this.#isClosed || this.stream.destroyed;
  }

  // Events of the stream.

  received(chunk: Buffer): void {
    this.#progress.received += chunk.length;
    if (this.#upstream && !this.#upstream.writeBody(chunk)) this.stream.pause();
  }

  trailersReceived(raw: readonly string[]): void {
    this.#trailersIn = requestTrailers(raw, this.#host.table);
  }

  requestEnded(): void {
    if (this.#requestEnded) return;
    // Node also says 'end' after a reset; a body that was cut short must not pass for a whole one.
    if (this.stream.rstCode !== constants.NGHTTP2_NO_ERROR) return this.closed();
    this.#requestEnded = true;
    if (this.#isClosed) return;
    const upstream = this.#upstream;
    if (this.#responseEnded) this.#upstream = undefined;
    upstream?.endBody(this.#trailersIn);
  }

  drained(): void {
    if (this.#isGone()) return;
    const hasRoom = this.#held!.sendOn();
    if (this.#responseEnded) {
      if (this.#heldBytes === 0 && !this.stream.writableEnded) this.stream.end();
    } else if (hasRoom) this.#upstream?.downstreamDrained();
    else this.#upstream?.downstreamMoved?.();
  }

  wantTrailers(): void {
    const trailers = this.#trailersOut;
    this.stream.sendTrailers(trailers === null ? {} : fieldObject(trailers, this.#host.table));
  }

  closed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#held?.forget();
    const upstream = this.#upstream;
    this.#upstream = undefined;
    const isWhole = this.#responseEnded && this.#requestEnded;
    if (upstream && !isWhole) upstream.abort('the client went away');
    const isReset = this.stream.rstCode !== constants.NGHTTP2_NO_ERROR || this.stream.aborted;
    this.#host.exchangeClosed(this, isReset && !this.#isCutByEdge);
  }

  // Called by the session's sweep.

  /** Upload bytes waiting in this process. */
  get bufferedBytes(): number {
    return this.stream.readableLength;
  }

  get isSending(): boolean {
    return this.#waitingBytes > 0;
  }

  /** Of the response, here and in the stream. */
  get #waitingBytes(): number {
    return this.stream.writableLength + this.#heldBytes;
  }

  get #heldBytes(): number {
    return this.#held?.byteCount ?? 0;
  }

  /** Grows while bytes of this stream move. */
  get progress(): number {
    return this.#progress.total(this.#waitingBytes);
  }

  /** Checks the deadlines; returns the name of the one that was passed. */
  sweep(nowMs: number, deadlines: ExchangeDeadlines): 'write-stall' | 'read-stall' | undefined {
    if (this.#isGone()) return undefined;
    if (this.#progress.hasWriteStalled(this.#waitingBytes, nowMs, deadlines.stallMs)) {
      this.cutOff('the client stopped reading', constants.NGHTTP2_CANCEL);
      return 'write-stall';
    }
    if (this.#responseEnded) {
      if (!this.#requestEnded) this.#linger(nowMs, deadlines);
    } else if (this.#progress.hasReadStalled(this.#isBodyDue(), nowMs, deadlines.stallMs)) {
      this.#dropUpstream('the request body stalled');
      this.abort(failure('request-timeout', 'the request body stalled'));
      return 'read-stall';
    }
    return undefined;
  }

  /** Gives both sides up. */
  cutOff(reason: string, code: number): void {
    this.#dropUpstream(reason);
    if (!this.#isGone()) this.#cut(code);
  }

  /** Only an upload that nobody has answered yet is due; gRPC streams may be silent as long as they like. */
  #isBodyDue(): boolean {
    if (this.#requestEnded || this.#responded || this.stream.isPaused()) return false;
    return this.#request?.upgrade === '' && !isGrpc(this.#request);
  }

  #linger(nowMs: number, deadlines: ExchangeDeadlines): void {
    const isRead = this.#upstream !== undefined && !this.#isOwnAnswer;
    if (!this.#progress.isLingerOver(isRead, nowMs, deadlines) || !this.stream.writableFinished) return;
    this.#dropUpstream('the response was complete');
    this.#isCutByEdge = true;
    this.stream.close(constants.NGHTTP2_NO_ERROR);
  }
}

function onData(this: BoundStream, chunk: Buffer): void {
  this.exchange!.received(chunk);
}

function onEnd(this: BoundStream): void {
  this.exchange!.requestEnded();
}

function onTrailers(this: BoundStream, _headers: unknown, _flags: number, raw?: readonly string[]): void {
  this.exchange!.trailersReceived(raw ?? []);
}

function onDrain(this: BoundStream): void {
  this.exchange!.drained();
}

function onWantTrailers(this: BoundStream): void {
  this.exchange!.wantTrailers();
}

function onClosed(this: BoundStream): void {
  this.exchange!.closed();
}

/** What matters about an error is told by 'close' and the stream's code. */
function ignoreError(): void {}
