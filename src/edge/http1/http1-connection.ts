// One HTTP/1.1 client connection: requests are read one after another, each is handed to the proxy, and what comes back
// is written. A request is read strictly; anything doubtful is answered once and the connection closed.
//
//   head -> length | chunked -> waiting -> head ...        ordinary exchanges, pipelined requests wait
//   head -> upgrading -> raw                                an upgrade that the origin accepted
//   any  -> closing -> closed                               after an error or the last response
//
// Its halves are http1-intake.ts, which reads, and http1-answer.ts; here is what both of them change: where a request
// begins, when an exchange is over, and how the connection ends.
//
// HOT: no stream pipes, no timers (the front sweeps), nothing made per request but the request.
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { noBytes } from '#base/bytes.ts';
import { GatherWriter } from '#base/io/gather-writer.ts';
import type {
  ClientAddress,
  Downstream,
  ExchangeFailure,
  FailureCode,
  Fields,
  Upstream,
} from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { Http1Error } from '#wire/http1-error.ts';
import type { Http1Head } from '#wire/http1-head.ts';
import { discardingUpstream } from '../front-door/redirect.ts';
import { ownAnswerStatus } from '../routes/uncached-answer.ts';
import { Http1Answer } from './http1-answer.ts';
import type { AnsweredConnection } from './http1-answer.ts';
import type { Http1FrontShare } from './http1-front.ts';
import { Http1Intake } from './http1-intake.ts';
import type { ReadConnection } from './http1-intake.ts';
import { Http1Reader } from './http1-reader.ts';
import {
  AuthorityCache,
  Http1Request,
  RequestRefusal,
  completeRequest,
  refusalCode,
} from './http1-request.ts';

/** How long a client that is asked to leave by its next answer may take to ask. */
const lastRequestMs = 10_000;
/** A closing connection is read over, so that our last bytes are not lost to a reset: until it is silent this long... */
const lingerMs = 2_000;
/** ...and at most for this long. */
const maxLingerMs = 30_000;

export class Http1Connection implements ReadConnection, AnsweredConnection {
  readonly #socket: Socket;
  readonly #client: ClientAddress;
  readonly #share: Http1FrontShare;
  readonly #head: Http1Head;
  readonly #out: GatherWriter;
  readonly #answer: Http1Answer;
  readonly #intake: Http1Intake;
  readonly #authorities = new AuthorityCache();
  #request: Http1Request | undefined;
  /** The present request has been handed to the proxy. */
  #isStarted = false;
  #isDraining = false;
  /** Since when it waits for a last request; 0 while it does not. */
  #leavingMs = 0;
  #served = 0;
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
    const { pool, flusher, reads, now } = share;
    const out = new GatherWriter(socket, {
      ...{ pool, flusher },
      onDrain: () => this.#intake.outDrained(),
      onProgress: () => this.#intake.upstream?.downstreamMoved?.(),
    });
    const reader = new Http1Reader(share.limits);
    this.#out = out;
    this.#head = reader.head;
    this.#answer = new Http1Answer(this, reader.head, out);
    this.#intake = new Http1Intake(this, { socket, reads, now, reader, out, answer: this.#answer });
    for (const [event, listener] of Object.entries(this.#listeners)) socket.on(event, listener);
  }

  get isIdle(): boolean {
    return this.#intake.state === 'head' && this.#intake.isEmpty;
  }

  // A request, as the intake tells of it.

  requestBegun(bytes: Buffer, end: number): void {
    const head = this.#head;
    const request = new Http1Request(head, {
      scheme: this.#share.scheme,
      client: this.#client,
      nowMs: this.#share.now(),
    });
    request.requestId = this.#share.requestIdOf(request);
    this.#request = request;
    this.#isStarted = false;
    this.#answer.answerTo(request);
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
    this.#start(request);
  }

  bodyEnded(trailers: Fields | null): void {
    const intake = this.#intake;
    intake.state = 'waiting';
    intake.upstream?.endBody(trailers);
    if (this.#answer.isDone) this.#next();
  }

  /** Whatever of a request is missing does not come. */
  inputEnded(): void {
    const { state, isEmpty } = this.#intake;
    if (state === 'length' || state === 'chunked') this.#destroy();
    else if (state !== 'head') return;
    else if (isEmpty) this.#close();
    else this.#refuse('bad-request', 'the connection ended within a request head');
  }

  tooMuchDiscarded(): void {
    this.#close();
  }

  /** A mistake of our own ends this connection; its neighbours go on. */
  inputFailed(error: unknown): void {
    const isExpected = error instanceof Http1Error || error instanceof RequestRefusal;
    if (isExpected) this.#refuse(refusalCode(error), error.message);
    else this.#refuse('internal', error instanceof Error ? (error.stack ?? error.message) : String(error));
  }

  #isMisdirected({ path, host }: Http1Request): boolean {
    return path !== '*' && this.#share.isMisdirected(this.#client.serverName, host);
  }

  #start(request: Http1Request): void {
    const intake = this.#intake;
    intake.enterBody(request);
    this.#isStarted = true;
    const isForEdge = request.path === '*';
    const upstream = isForEdge ? answerOptions(this.#answer) : this.#share.start(request, this.#answer);
    if (this.#isOver()) return upstream.abort('the client closed the connection');
    intake.upstream = upstream;
    if (intake.state !== 'waiting') return;
    // A length of zero is passed on as it was said, and is a body that has ended.
    if (request.bodyKind === 'length') upstream.endBody(null);
    if (this.#answer.isDone) this.#next();
  }

  #isOver(): boolean {
    const { state } = this.#intake;
    return state === 'closing' || state === 'closed';
  }

  /** The connection leaves HTTP for a tunnel, with what was read beyond the request. */
  #handOver(request: Http1Request, early: Buffer): void {
    this.#intake.state = 'closed';
    this.#intake.stop();
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

  // Its answer, as the other half tells of it.

  mayGoOnAfter(request: Http1Request): boolean {
    const limit = this.#share.requestsPerConnection;
    return (
      !this.#isDraining &&
      (limit === 0 || this.#served + 1 < limit) &&
      // Whether the body that was announced still comes is known to the client alone (RFC 9110 section 10.1.1).
      !(request.expectsContinue && this.#intake.state !== 'waiting')
    );
  }

  answerEnded(): void {
    const { state, isProcessing } = this.#intake;
    if (state === 'upgrading') this.#close();
    else if (state === 'waiting') {
      if (!isProcessing) this.#next();
    } else if (!this.#answer.keepsAlive) this.#close();
    // Nobody may be left who would ask for the rest of the request; it is read over.
    else this.#intake.resume();
  }

  protocolSwitched(): void {
    this.#intake.enterRaw();
  }

  answerFailed(what: ExchangeFailure): void {
    this.#intake.upstream = undefined;
    if (!this.#answer.isBegun) this.#refuse(what.code, what.detail);
    else if (this.#answer.isDone) this.#close();
    else this.#destroy();
  }

  upstreamDrained(): void {
    this.#intake.upstreamDrained();
  }

  // Between requests, and the end.

  /** The exchange is over both ways. */
  #next(): void {
    const intake = this.#intake;
    intake.upstream = undefined;
    this.#request = undefined;
    this.#served += 1;
    if (!this.#answer.keepsAlive || this.#isDraining) return this.#close();
    intake.state = 'head';
    this.#head.method = '';
    // Lets go of the memory that the head was read from.
    this.#head.source = noBytes;
    this.#isStarted = false;
    this.#answer.answerTo(undefined);
    intake.sinceMs = this.#share.now();
    if (!intake.isProcessing) intake.readOn();
  }

  /** Answers with an error, if an answer is still possible, and closes. */
  #refuse(code: FailureCode, detail: string): void {
    this.#giveUp(detail);
    if (this.#answer.isBegun) return this.#destroy();
    const request = this.#request;
    const requestId = request?.requestId ?? this.#share.newRequestId();
    // What has reached the proxy is logged there.
    if (!this.#isStarted) this.#share.refused({ code, detail, client: this.#client, requestId, request });
    this.#answer.refuse(code, detail, requestId);
    this.#close();
  }

  /** The origin is not to go on with the present request. */
  #giveUp(reason: string): void {
    const { upstream } = this.#intake;
    this.#intake.upstream = undefined;
    upstream?.abort(reason);
  }

  /** Ends our side; the client may still send what it was sending, which is read over for a moment. */
  #close(): void {
    if (this.#isOver()) return;
    const intake = this.#intake;
    intake.state = 'closing';
    intake.clear();
    this.#giveUp('the connection closed before the request was complete');
    intake.sinceMs = this.#share.now();
    this.#closingMs = intake.sinceMs;
    if (intake.isPeerDone) this.#out.endAndDestroy();
    else this.#out.end();
    this.#socket.resume();
  }

  #destroy(): void {
    this.#out.discard();
    if (this.#intake.state !== 'closed') this.#cut();
    this.#onClose();
  }

  /** A cut must not look like an end: TLS tells them apart by itself, plain TCP by a reset. */
  #cut(): void {
    const isAmidAnswer = this.#answer.isBegun && !this.#answer.isDone;
    if (this.#share.scheme === 'http' && isAmidAnswer) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  #onPeerEnd(): void {
    const intake = this.#intake;
    intake.isPeerDone = true;
    switch (intake.state) {
      case 'raw':
        intake.upstream?.endBody(null);
        return;
      case 'head':
      case 'length':
      case 'chunked':
        return this.inputEnded();
      case 'closing':
        this.#out.endAndDestroy();
        return;
      default:
        // Nobody closes only half of a TLS connection: the client is gone, and an origin that takes its time to answer
        // must not be held for it. Over plain TCP scripts do, so there the answer is still sent.
        if (this.#share.scheme === 'https') this.#destroy();
    }
  }

  #onClose(): void {
    if (this.#intake.state === 'closed') return;
    this.#intake.state = 'closed';
    this.#out.discard();
    this.#share.left(this);
    this.#giveUp('the client closed the connection');
    this.#socket.destroy();
  }

  // Called by the front.

  /** Applies the time limit of the present state. */
  sweep(nowMs: number): void {
    const { state, sinceMs, isEmpty } = this.#intake;
    const waitedMs = nowMs - sinceMs;
    const { headMs, keepAliveMs, bodyIdleMs } = this.#share.timeouts;
    switch (state) {
      case 'head':
        if (!isEmpty || this.#served === 0) {
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
    if (this.isIdle) this.#close();
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

/** `OPTIONS *` asks the edge, not a site (RFC 9110 section 9.3.7). */
function answerOptions(front: Downstream): Upstream {
  front.respond({
    status: 200,
    fields: new ListFields(['Allow', 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS', ...ownAnswerStatus]),
    bodyKind: 'length',
    contentLength: 0,
  });
  front.end(null);
  return discardingUpstream;
}
