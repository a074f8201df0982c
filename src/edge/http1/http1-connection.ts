// One HTTP/1.1 client connection: reads requests one after another, hands each to the proxy, and writes what comes
// back. A request is read strictly; anything doubtful is answered once and the connection closed.
//
//   head -> length | chunked -> waiting -> head ...        ordinary exchanges, pipelined requests wait
//   head -> upgrading -> raw                                an upgrade that the origin accepted
//   any  -> closing -> closed                               after an error or the last response
//
// HOT: one data handler per connection, no stream pipes, no timers (the front sweeps).
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { noBytes } from '#base/bytes.ts';
import { GatherWriter } from '#base/io/gather-writer.ts';
import { failure } from '#http/exchange.ts';
import type {
  ClientAddress,
  Downstream,
  ExchangeFailure,
  FailureCode,
  Fields,
  ResponseHead,
  Upstream,
} from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { Http1Error } from '#wire/http1-error.ts';
import type { Http1Head } from '#wire/http1-head.ts';
import { renderFailure } from '../error-page.ts';
import { Http1Reader } from './http1-reader.ts';
import {
  AuthorityCache,
  Http1Request,
  RequestRefusal,
  completeRequest,
  refusalCode,
} from './http1-request.ts';
import { Http1Writer } from './http1-writer.ts';
import { discardingUpstream } from '../front-door/redirect.ts';
import type { Http1FrontShare } from './http1-front.ts';
import { ownAnswerStatus } from '../routes/uncached-answer.ts';

type State = 'head' | 'length' | 'chunked' | 'waiting' | 'upgrading' | 'raw' | 'closing' | 'closed';

/** How long a client that is asked to leave by its next answer may take to ask. */
const lastRequestMs = 10_000;

/** Pipelined or early bytes kept while a response is under way; then the socket is paused. */
const maxStashBytes = 65_536;
/** Rest of a request body that is read over after an early response, before the connection is closed. */
const maxDiscardBytes = 1_048_576;
/** A closing connection is read over, so that our last bytes are not lost to a reset: until it is silent this long... */
const lingerMs = 2_000;
/** ...and at most for this long. */
const maxLingerMs = 30_000;

export class Http1Connection implements Downstream {
  readonly #socket: Socket;
  readonly #stopReading: () => void;
  readonly #client: ClientAddress;
  readonly #share: Http1FrontShare;
  readonly #scheme: 'http' | 'https';
  readonly #reader: Http1Reader;
  readonly #head: Http1Head;
  readonly #out: GatherWriter;
  readonly #writer: Http1Writer;
  readonly #authorities = new AuthorityCache();
  #state: State = 'head';
  #stash: Buffer = noBytes;
  #discarded = 0;
  #request: Http1Request | undefined;
  #upstream: Upstream | undefined;
  #isProcessing = false;
  /** The present request has been handed to the proxy. */
  #isStarted = false;
  #isResponded = false;
  #isResponseDone = false;
  #isPeerDone = false;
  #isDraining = false;
  /** Since when it waits for a last request; 0 while it does not. */
  #leavingMs = 0;
  #served = 0;
  /** When the present wait began, for the sweep. */
  #sinceMs: number;
  #closingMs = 0;

  /** Ours alone: the socket has others, which stay when it leaves HTTP. */
  readonly #listeners = {
    end: (): void => this.#onPeerEnd(),
    error: (): void => this.#onClose(),
    close: (): void => this.#onClose(),
  };

  constructor(socket: Socket, client: ClientAddress, share: Http1FrontShare) {
    this.#socket = socket;
    this.#client = client;
    this.#share = share;
    this.#scheme = share.scheme;
    this.#reader = new Http1Reader(share.limits);
    this.#head = this.#reader.head;
    const { pool, flusher } = share;
    this.#out = new GatherWriter(socket, {
      ...{ pool, flusher },
      onDrain: () => this.#onDrain(),
      onProgress: () => this.#upstream?.downstreamMoved?.(),
    });
    this.#writer = new Http1Writer(this.#out);
    this.#sinceMs = share.now();
    this.#stopReading = share.reads.read(socket, (chunk, lasts) => this.#onData(chunk, lasts));
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
  }

  get isIdle(): boolean {
    return this.#state === 'head' && this.#stash.length === 0;
  }

  // Reading.

  /** The chunk is valid during the call only, unless it lasts. */
  #onData(chunk: Buffer, lasts: boolean): void {
    // A head has one deadline from its first byte on.
    if (this.#stash.length === 0) this.#sinceMs = this.#share.now();
    switch (this.#state) {
      case 'raw':
        if (!this.#upstream!.writeBody(chunk)) this.#socket.pause();
        return;
      case 'closing':
      case 'closed':
        return;
      case 'waiting':
      case 'upgrading':
        this.#keep(Buffer.concat([this.#stash, chunk]));
        return;
      default:
        if (this.#stash.length === 0) this.#process(chunk, lasts);
        else this.#process(Buffer.concat([this.#stash, chunk]), true);
    }
  }

  /** `bytes`, which nobody will write over, are to be read later. */
  #keep(bytes: Buffer): void {
    this.#stash = bytes;
    if (this.#stash.length > maxStashBytes) this.#socket.pause();
  }

  /** `lasts`: the bytes stay as they are after the call. */
  #process(bytes: Buffer, lasts: boolean): void {
    this.#stash = noBytes;
    this.#isProcessing = true;
    try {
      const rest = this.#consume(bytes, lasts);
      if (rest < bytes.length) this.#keep(lasts ? bytes.subarray(rest) : Buffer.from(bytes.subarray(rest)));
      if (this.#isPeerDone && !this.#out.needsDrain) this.#endInRequest();
    } catch (error) {
      // A mistake of our own ends this connection; its neighbours go on.
      const isExpected = error instanceof Http1Error || error instanceof RequestRefusal;
      if (isExpected) this.#refuse(refusalCode(error), error.message);
      else this.#refuse('internal', error instanceof Error ? (error.stack ?? error.message) : String(error));
    } finally {
      this.#isProcessing = false;
    }
  }

  /** Reads as far as the present state allows; returns the offset of the first byte not taken. */
  #consume(bytes: Buffer, lasts: boolean): number {
    let at = 0;
    while (at < bytes.length) {
      switch (this.#state) {
        case 'head': {
          if (this.#out.needsDrain) return this.#waitForReader(at);
          const next = this.#reader.readHead(bytes, at, lasts);
          if (!this.#reader.isHeadComplete) return next;
          this.#start(bytes, next);
          at = next;
          break;
        }
        case 'length':
        case 'chunked':
          at = this.#readBody(bytes, at);
          break;
        case 'raw':
          if (!this.#upstream!.writeBody(bytes.subarray(at))) this.#socket.pause();
          return bytes.length;
        case 'closing':
        case 'closed':
          return bytes.length;
        default:
          return at;
      }
    }
    return at;
  }

  /** A client that asks and asks without reading the answers waits until it has read some. */
  #waitForReader(at: number): number {
    this.#socket.pause();
    return at;
  }

  #onDrain(): void {
    this.#upstream?.downstreamDrained();
    if (this.#state === 'head' && this.#socket.isPaused()) this.#readOn();
  }

  #readBody(bytes: Buffer, at: number): number {
    const before = this.#state;
    const next = this.#reader.readBody(bytes, at, (data) => this.#passBody(data));
    if (this.#reader.isBodyDone && this.#state === before) this.#bodyDone(this.#reader.trailers);
    return next;
  }

  #passBody(data: Buffer): void {
    if (this.#isResponseDone && (this.#discarded += data.length) > maxDiscardBytes) {
      this.#close();
      return;
    }
    if (this.#upstream && !this.#upstream.writeBody(data)) this.#socket.pause();
  }

  #bodyDone(trailers: Fields | null): void {
    this.#state = 'waiting';
    this.#upstream?.endBody(trailers);
    if (this.#isResponseDone) this.#next();
  }

  // A request begins.

  /** The head has been read; what follows it begins at `end`. */
  #start(bytes: Buffer, end: number): void {
    const head = this.#head;
    const request = new Http1Request(head, {
      scheme: this.#scheme,
      client: this.#client,
      nowMs: this.#share.now(),
    });
    request.requestId = this.#share.requestIdOf(request);
    this.#request = request;
    this.#isStarted = false;
    this.#isResponded = false;
    this.#isResponseDone = false;
    completeRequest(request, head, { authorities: this.#authorities, upgrades: this.#share.upgrades });
    if (this.#isMisdirected(request)) {
      throw new RequestRefusal(
        'misdirected',
        `${request.host} on a connection for ${this.#client.serverName}`,
      );
    }
    if (request.upgrade !== '' && this.#share.takesUpgrade(request)) {
      return this.#handOver(request, bytes.subarray(end));
    }
    this.#enterBody(request);
    this.#isStarted = true;
    const upstream = request.path === '*' ? this.#answerOptions() : this.#share.start(request, this);
    if (this.#isOver()) return upstream.abort('the client closed the connection');
    this.#upstream = upstream;
    if (this.#state !== 'waiting') return;
    // A length of zero is passed on as it was said, and is a body that has ended.
    if (request.bodyKind === 'length') upstream.endBody(null);
    if (this.#isResponseDone) this.#next();
  }

  #isMisdirected({ path, host }: Http1Request): boolean {
    return path !== '*' && this.#share.isMisdirected(this.#client.serverName, host);
  }

  #isOver(): boolean {
    return this.#state === 'closing' || this.#state === 'closed';
  }

  #enterBody(request: Http1Request): void {
    this.#discarded = 0;
    const body = this.#reader.enterBody(request);
    if (request.upgrade !== '') this.#state = 'upgrading';
    else this.#state = body === 'none' ? 'waiting' : body;
  }

  /** `OPTIONS *` asks the edge, not a site (RFC 9110 section 9.3.7). */
  #answerOptions(): Upstream {
    this.respond({
      status: 200,
      fields: new ListFields(['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS', ...ownAnswerStatus]),
      bodyKind: 'length',
      contentLength: 0,
    });
    this.end(null);
    return discardingUpstream;
  }

  /** The connection leaves HTTP for a tunnel, with what was read beyond the request. */
  #handOver(request: Http1Request, early: Buffer): void {
    this.#state = 'closed';
    this.#stopReading();
    for (const [event, listener] of Object.entries(this.#listeners)) this.#socket.off(event, listener);
    this.#share.left(this);
    // The taker writes to the socket himself, so the answer to a request before this one must have left; and nothing
    // that arrives meanwhile may be read by nobody.
    const own = Buffer.from(early);
    this.#socket.pause();
    this.#out.whenSent(() => {
      this.#socket.resume();
      this.#share.upgradeTaken(this.#socket, request, own);
    });
  }

  // Downstream.

  inform(head: ResponseHead): void {
    if (this.#request?.httpVersion === '1.1') this.#writer.writeInterim(head);
  }

  respond(head: ResponseHead): void {
    const request = this.#request!;
    this.#isResponded = true;
    const { isClose, isKeepAlive, minorVersion } = this.#head;
    const wantsMore = minorVersion === 1 ? !isClose : isKeepAlive && !isClose;
    const limit = this.#share.requestsPerConnection;
    const keepAlive =
      wantsMore &&
      !request.asksUpgrade &&
      !this.#isDraining &&
      (limit === 0 || this.#served + 1 < limit) &&
      // Whether the body that was announced still comes is known to the client alone (RFC 9110 section 10.1.1).
      !(request.expectsContinue && this.#state !== 'waiting');
    this.#writer.writeHead(head, { isHead: request.method === 'HEAD', minorVersion, keepAlive });
  }

  body(chunk: Buffer, lasts = false): boolean {
    if (this.#state === 'raw') return this.#writer.writeRaw(chunk);
    return this.#writer.writeBody(chunk, lasts);
  }

  flush(): void {
    this.#out.flushSoon();
  }

  end(trailers: Fields | null): void {
    if (this.#state === 'raw') {
      this.#out.end();
      return;
    }
    this.#writer.finish(trailers);
    this.#isResponseDone = true;
    if (this.#state === 'upgrading') this.#close();
    else if (this.#state === 'waiting' && !this.#isProcessing) this.#next();
    else if (this.#state !== 'waiting') {
      if (!this.#writer.keepsAlive) this.#close();
      // Nobody may be left who would ask for the rest of the request; it is read over.
      else this.#resume();
    }
  }

  switchProtocols(head: ResponseHead): void {
    this.#writer.writeSwitch(head, this.#request!.upgrade);
    this.#isResponded = true;
    this.#state = 'raw';
    const early = this.#stash;
    this.#stash = noBytes;
    if (early.length === 0 || this.#upstream?.writeBody(early)) this.#socket.resume();
    if (this.#isPeerDone) this.#upstream?.endBody(null);
  }

  abort(what: ExchangeFailure): void {
    this.#upstream = undefined;
    if (!this.#isResponded) this.#refuse(what.code, what.detail);
    else if (this.#isResponseDone) this.#close();
    else this.#destroy();
  }

  upstreamDrained(): void {
    if (this.#stash.length <= maxStashBytes) this.#resume();
  }

  /** Reads on; the time that the client had to wait does not count against it. */
  #resume(): void {
    if (!this.#socket.isPaused()) return;
    this.#sinceMs = this.#share.now();
    this.#socket.resume();
  }

  // Between requests, and the end.

  /** The exchange is over both ways. */
  #next(): void {
    this.#upstream = undefined;
    this.#request = undefined;
    this.#served += 1;
    if (!this.#writer.keepsAlive || this.#isDraining) return this.#close();
    this.#state = 'head';
    this.#head.method = '';
    // Lets go of the memory that the head was read from.
    this.#head.source = noBytes;
    this.#isStarted = false;
    this.#isResponded = false;
    this.#isResponseDone = false;
    this.#sinceMs = this.#share.now();
    if (!this.#isProcessing) this.#readOn();
  }

  /** Takes up what came while a response was under way. */
  #readOn(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
    if (this.#stash.length > 0) this.#process(this.#stash, true);
    else if (this.#isPeerDone) this.#close();
  }

  /** Answers with an error, if an answer is still possible, and closes. */
  #refuse(code: FailureCode, detail: string): void {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    upstream?.abort(detail);
    if (this.#isResponded) return this.#destroy();
    const requestId = this.#request?.requestId ?? this.#share.newRequestId();
    // What has reached the proxy is logged there.
    if (!this.#isStarted) {
      this.#share.refused({ code, detail, client: this.#client, requestId, request: this.#request });
    }
    const request = this.#request;
    const accept = request?.fields.get('accept') ?? '';
    const answer = renderFailure(failure(code, detail), requestId, accept, request?.host ?? '');
    this.#writer.writeFailure(failure(code, detail).status, answer, this.#head.method === 'HEAD');
    this.#close();
  }

  /** Ends our side; the client may still send what it was sending, which is read over for a moment. */
  #close(): void {
    if (this.#state === 'closing' || this.#state === 'closed') return;
    const upstream = this.#upstream;
    this.#upstream = undefined;
    this.#state = 'closing';
    this.#stash = noBytes;
    upstream?.abort('the connection closed before the request was complete');
    this.#sinceMs = this.#share.now();
    this.#closingMs = this.#sinceMs;
    if (this.#isPeerDone) this.#out.endAndDestroy();
    else this.#out.end();
    this.#socket.resume();
  }

  #destroy(): void {
    this.#out.discard();
    if (this.#state !== 'closed') this.#cut();
    this.#onClose();
  }

  /** A cut must not look like an end: TLS tells them apart by itself, plain TCP by a reset. */
  #cut(): void {
    if (this.#scheme === 'http' && this.#isResponded && !this.#isResponseDone) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  /** The client has said all that it will; whatever of a request is missing does not come. */
  #endInRequest(): void {
    if (this.#state === 'length' || this.#state === 'chunked') this.#destroy();
    else if (this.#state !== 'head') return;
    else if (this.#stash.length === 0) this.#close();
    else this.#refuse('bad-request', 'the connection ended within a request head');
  }

  #onPeerEnd(): void {
    this.#isPeerDone = true;
    switch (this.#state) {
      case 'raw':
        this.#upstream?.endBody(null);
        return;
      case 'head':
      case 'length':
      case 'chunked':
        return this.#endInRequest();
      case 'closing':
        this.#out.endAndDestroy();
        return;
      default:
        // Nobody closes only half of a TLS connection: the client is gone, and an origin that takes its time to answer
        // must not be held for it. Over plain TCP scripts do, so there the answer is still sent.
        if (this.#scheme === 'https') this.#destroy();
    }
  }

  #onClose(): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#out.discard();
    this.#share.left(this);
    const upstream = this.#upstream;
    this.#upstream = undefined;
    upstream?.abort('the client closed the connection');
    this.#socket.destroy();
  }

  // Called by the front.

  /** Applies the time limit of the present state. */
  sweep(nowMs: number): void {
    const waitedMs = nowMs - this.#sinceMs;
    const { headMs, keepAliveMs, bodyIdleMs } = this.#share.timeouts;
    switch (this.#state) {
      case 'head':
        if (this.#stash.length > 0 || this.#served === 0) {
          if (waitedMs > headMs) this.#timeOut('the request head did not arrive in time');
        } else if (waitedMs > keepAliveMs || (this.#leavingMs > 0 && nowMs - this.#leavingMs > lastRequestMs))
          this.#close();
        return;
      case 'length':
      case 'chunked':
        if (waitedMs > bodyIdleMs && !this.#socket.isPaused())
          this.#timeOut('the request body made no progress');
        return;
      case 'closing':
        if (waitedMs > lingerMs || nowMs - this.#closingMs > maxLingerMs) this.#destroy();
        return;
      default:
    }
  }

  #timeOut(detail: string): void {
    if (this.#stash.length === 0 && this.#state === 'head') this.#close();
    else this.#refuse('request-timeout', detail);
  }

  /** No further request on this connection; closed at once if it is idle. */
  drain(): void {
    this.#isDraining = true;
    if (this.isIdle) this.#close();
  }

  /** The response after this ends it; an idle one gets time for one more request, so that none meets a closed door. */
  leave(): void {
    this.#isDraining = true;
    this.#leavingMs = this.#share.now();
  }

  /** Cuts the connection; a last word that is on its way still leaves. */
  destroy(): void {
    if (this.#out.isEnding) this.#out.endAndDestroy();
    else this.#destroy();
  }
}
