// One client's HTTP/2 connection: its streams, its budgets against floods and its deadlines. Node closes no HTTP/2
// session by itself, whatever the peer does or leaves undone, so every deadline is ours; they are all checked by one
// sweep per second that the front runs over its sessions.
import { constants, performServerHandshake } from 'node:http2';
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2';
import type { TLSSocket } from 'node:tls';
import { failure } from '#http/exchange.ts';
import type { ClientAddress, ExchangeFailure } from '#http/exchange.ts';
import type { FailureAnswer } from './http2-failure.ts';
import type { FieldTable } from './http2-fields.ts';
import { Http2Exchange } from './http2-exchange.ts';
import type { ExchangeHost, FailedRequests } from './http2-exchange-host.ts';
import { Budget, RecentMost } from './http2-limits.ts';
import type { Http2Limits } from './http2-limits.ts';
import { addHandshakeKey, readRequest, RefusedRequest } from './http2-request.ts';
import type { RequestContext } from './http2-request.ts';
import type { Http2FrontOptions } from './http2-front.ts';
import type { Http2Metrics, SessionClosing } from './http2-metrics.ts';
import { ownAnswerStatus } from '../routes/uncached-answer.ts';

/** What a session shares with its front. */
export interface SessionShare {
  readonly options: Http2FrontOptions;
  readonly limits: Http2Limits;
  readonly metrics: Http2Metrics;
  /** How request heads are read. */
  readonly reading: RequestContext;
  /** What all connections of an address may reset; kept as long as it has one. */
  resetsOf(address: string): Budget;
  /** The socket is closed; the session may be forgotten. */
  forget(session: Http2ClientSession, address: string): void;
}

/** How long a destroyed session may take to flush its last GOAWAY before its socket is cut. */
const lastWordsMs = 5_000;
const endStreamFlag = 1;

export class Http2ClientSession implements ExchangeHost {
  readonly #session: ServerHttp2Session;
  readonly #socket: TLSSocket;
  readonly #client: ClientAddress;
  readonly #share: SessionShare;
  readonly #exchanges = new Set<Http2Exchange>();
  readonly #resets: Budget;
  readonly #addressResets: Budget;
  readonly #pings: Budget;
  readonly #settings: Budget;
  readonly #openedMs: number;
  #hasSettings = false;
  #closing: SessionClosing | undefined;
  #closedMs = 0;
  /** Since when it is to leave. */
  #leavingMs: number | undefined;
  /** The most streams that were open at once, lately. */
  readonly #most: RecentMost;
  #idleSinceMs: number;
  /** Whole frames that were noticed, and the socket's byte count when that was last so. */
  #noticed = 0;
  #noticedSeen = 0;
  #bytesSeen = 0;
  #pingSentMs: number | undefined;
  #pingAnsweredMs: number;
  /** The outstanding ping asks whether a frame is stuck half-way. */
  #isPingForFrame = false;
  #progressAtPing = 0;
  #progress = 0;

  constructor(socket: TLSSocket, client: ClientAddress, share: SessionShare) {
    const nowMs = share.options.clock.nowMs();
    const { limits } = share;
    this.#socket = socket;
    this.#client = client;
    this.#share = share;
    this.#openedMs = nowMs;
    this.#idleSinceMs = nowMs;
    this.#pingAnsweredMs = nowMs;
    this.#most = new RecentMost(nowMs);
    this.#resets = new Budget(limits.resets, nowMs);
    this.#addressResets = share.resetsOf(client.address);
    this.#pings = new Budget(limits.pings, nowMs);
    this.#settings = new Budget(limits.settings, nowMs);
    // Node tells the socket first why a session ended, and the session only after the socket has closed.
    socket.on('error', (error) => this.#onError(error));
    socket.once('close', () => this.#onSocketClosed());
    // A client that sends no more can neither acknowledge nor grant windows: HTTP/2 knows no half-open connection.
    socket.once('end', () => this.#close('client-closed', constants.NGHTTP2_NO_ERROR));
    this.#session = performServerHandshake(socket, sessionOptions(share));
    this.#session.setLocalWindowSize(limits.connectionWindowBytes);
    this.#listen();
  }

  get table(): FieldTable {
    return this.#share.reading.table;
  }

  get openStreams(): number {
    return this.#exchanges.size;
  }

  #listen(): void {
    const session = this.#session;
    session.on('stream', (stream, _headers, flags, raw) => this.#onStream(stream, flags, raw));
    session.on('remoteSettings', () => this.#onSettings());
    session.on('ping', () => this.#onPing());
    session.on('error', (error: Error) => this.#onError(error));
    session.on('goaway', () => (this.#noticed += 1));
  }

  // Requests.

  #onStream(stream: ServerHttp2Stream, flags: number, raw: readonly string[]): void {
    const { options } = this.#share;
    const nowMs = options.clock.nowMs();
    this.#noticed += 1;
    const requestEnded = (flags & endStreamFlag) !== 0;
    const exchange = new Http2Exchange(stream, requestEnded, this, nowMs);
    this.#exchanges.add(exchange);
    this.#most.note(this.#exchanges.size, nowMs);
    if (stream.destroyed || stream.closed) {
      // Opened and reset in one breath: nothing is started for it, but it counts.
      exchange.closed();
      return;
    }
    const request = readRequest(raw, !requestEnded, { client: this.#client, nowMs }, this.#share.reading);
    if (request instanceof RefusedRequest) return exchange.refuse(request.failure, request.request);
    if (request.path === '*')
      return exchange.answer([':status', '200', 'allow', 'GET, HEAD, OPTIONS', ...ownAnswerStatus]);
    if (options.isMisdirected(this.#client.serverName, request.host)) {
      return exchange.refuse(
        failure('misdirected', `${this.#client.serverName} was asked for ${request.host}`),
        request,
      );
    }
    request.requestId = options.requestIdOf(request);
    if (request.upgrade !== '') addHandshakeKey(request);
    exchange.begin(request, options.start);
  }

  answerFailure(what: ExchangeFailure, requests: FailedRequests): FailureAnswer {
    return this.#share.options.answerFailure(what, requests, this.#client);
  }

  exchangeSent(): void {
    this.#progress += 1;
    this.#pings.earn(1);
  }

  exchangeResponds(): void {
    if (this.#leavingMs === undefined) return;
    const nowMs = this.#share.options.clock.nowMs();
    const isPatient = nowMs - this.#leavingMs < this.#share.limits.patientMs;
    if (!isPatient || this.#exchanges.size >= this.#most.value) this.#finish('drained');
  }

  exchangeClosed(exchange: Http2Exchange, isReset: boolean): void {
    this.#exchanges.delete(exchange);
    this.#noticed += 1;
    const nowMs = this.#share.options.clock.nowMs();
    if (this.#exchanges.size === 0) this.#idleSinceMs = nowMs;
    if (!isReset || this.#closing) return;
    this.#share.metrics.streamReset('client');
    if (!this.#resets.take(nowMs) || !this.#addressResets.take(nowMs))
      this.#close('reset-flood', constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  // Frames that concern the connection.

  #onSettings(): void {
    this.#noticed += 1;
    this.#hasSettings = true;
    if (!this.#settings.take(this.#share.options.clock.nowMs())) {
      this.#close('settings-flood', constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  #onPing(): void {
    this.#noticed += 1;
    if (!this.#pings.take(this.#share.options.clock.nowMs())) {
      this.#close('ping-flood', constants.NGHTTP2_ENHANCE_YOUR_CALM);
    }
  }

  #onError(error: Error & { errno?: number }): void {
    this.#noteClosing(closingOf(error));
  }

  // Deadlines.

  /** Called once a second. */
  sweep(nowMs: number): void {
    if (this.#session.destroyed) {
      // The last GOAWAY waits for a client that may never read it.
      if (nowMs - this.#closedMs > lastWordsMs) this.#socket.destroy();
      return;
    }
    const { limits } = this.#share;
    if (!this.#hasSettings && nowMs - this.#openedMs > limits.settingsDeadlineMs) {
      return this.#close('settings-timeout', constants.NGHTTP2_SETTINGS_TIMEOUT);
    }
    this.#sweepExchanges(nowMs);
    this.#sweepPings(nowMs);
    if (this.#closing) return this.#sweepFinishing(nowMs);
    if (this.#exchanges.size === 0 && nowMs - this.#idleSinceMs > limits.idleMs) this.#finish('idle');
    else if (nowMs - this.#openedMs > limits.maxAgeMs) this.drain();
    this.#sweepLeaving(nowMs);
  }

  #sweepLeaving(nowMs: number): void {
    if (this.#leavingMs === undefined) return;
    const { leaveMs, quietMs } = this.#share.limits;
    const isQuiet = this.#exchanges.size === 0 && nowMs - this.#idleSinceMs >= quietMs;
    if (isQuiet || nowMs - this.#leavingMs >= leaveMs) this.#finish('drained');
  }

  /** Node closes a finishing session with its last stream; one that does not get that far is cut. */
  #sweepFinishing(nowMs: number): void {
    if (this.#exchanges.size > 0 || nowMs - this.#idleSinceMs <= lastWordsMs) return;
    if (nowMs - this.#closedMs > lastWordsMs) this.close();
  }

  #sweepExchanges(nowMs: number): void {
    const { limits, metrics } = this.#share;
    let buffered = 0;
    let fullest: Http2Exchange | undefined;
    let mostBytes = 0;
    for (const exchange of this.#exchanges) {
      const passed = exchange.sweep(nowMs, limits);
      if (passed) {
        metrics.streamReset(passed);
        this.#share.options.ended(passed, this.#client);
      }
      const bytes = exchange.bufferedBytes;
      buffered += bytes;
      if (bytes > mostBytes) {
        mostBytes = bytes;
        fullest = exchange;
      }
    }
    if (buffered <= limits.bufferedUploadBytes || !fullest) return;
    metrics.streamReset('upload-memory');
    this.#share.options.ended('upload-memory', this.#client);
    fullest.cutOff('too many uploads wait for their origins', constants.NGHTTP2_ENHANCE_YOUR_CALM);
  }

  /**
   * Liveness by PING. Bytes that led to no frame we know of may be half a header block, which nghttp2 does not tell
   * about; a client in the middle of one cannot answer a PING (RFC 9113 section 6.10), so it is asked.
   */
  #sweepPings(nowMs: number): void {
    const { limits } = this.#share;
    const bytes = this.#socket.bytesRead;
    const isUnexplained = bytes !== this.#bytesSeen && this.#noticed === this.#noticedSeen;
    this.#bytesSeen = bytes;
    this.#noticedSeen = this.#noticed;
    if (this.#pingSentMs !== undefined) {
      this.#checkPing(nowMs);
      return;
    }
    const isServing = this.#exchanges.size > 0;
    const isDue = isServing && nowMs - this.#pingAnsweredMs > limits.pingIntervalMs;
    if ((isUnexplained && this.#hasSettings) || isDue) this.#ping(nowMs, isUnexplained);
  }

  #ping(nowMs: number, isForFrame: boolean): void {
    this.#pingSentMs = nowMs;
    this.#isPingForFrame = isForFrame;
    this.#progressAtPing = this.#totalProgress();
    this.#session.ping(() => {
      this.#pingSentMs = undefined;
      this.#pingAnsweredMs = this.#share.options.clock.nowMs();
      this.#noticed += 1;
    });
  }

  #checkPing(nowMs: number): void {
    const { limits } = this.#share;
    const waitedMs = nowMs - this.#pingSentMs!;
    // A PING behind a queue of response bytes may wait for as long as those bytes need.
    const isQueued = [...this.#exchanges].some((exchange) => exchange.isSending);
    if (this.#isPingForFrame && !isQueued && waitedMs > limits.headerBlockMs) {
      this.#close('header-block-timeout', constants.NGHTTP2_ENHANCE_YOUR_CALM);
    } else if (waitedMs > limits.stallMs) {
      const progress = this.#totalProgress();
      if (progress === this.#progressAtPing) this.#close('unresponsive', constants.NGHTTP2_NO_ERROR);
      else {
        this.#progressAtPing = progress;
        this.#pingSentMs = nowMs;
      }
    }
  }

  #totalProgress(): number {
    let sum = this.#progress;
    for (const exchange of this.#exchanges) sum += exchange.progress;
    return sum;
  }

  // Ends.

  /**
   * Has the client move on. Node has no way to announce it (RFC 9113 section 6.8 has two GOAWAYs): after any GOAWAY it drops
   * new streams without a word. So there is one, in the moment in which the next is least likely to be on its way: before an
   * answer, while as many streams are open as the client has had at once lately, so that it waits for answers and is told
   * before they have ended (HTTP/1.1 says `Connection: close` there); for want of that before any answer after `patientMs`, or
   * after `quietMs` without a stream. It names the last stream that is served, so that the rest may be repeated.
   */
  drain(): void {
    if (this.#leavingMs !== undefined) return;
    const nowMs = this.#share.options.clock.nowMs();
    this.#leavingMs = nowMs;
    this.#sweepLeaving(nowMs);
  }

  /** Takes no new streams and closes when the last one has ended. */
  #finish(reason: SessionClosing): void {
    if (this.#closing) return;
    this.#noteClosing(reason);
    if (!this.#session.destroyed) this.#session.close();
  }

  /** Ends the connection now. */
  close(reason: SessionClosing = 'shutdown'): void {
    this.#close(reason, constants.NGHTTP2_NO_ERROR);
  }

  #close(reason: SessionClosing, code: number): void {
    this.#noteClosing(reason);
    if (this.#session.destroyed) return;
    this.#closedMs = this.#share.options.clock.nowMs();
    // With an error, so that Node does not take the close for a graceful one and waits for nobody.
    this.#session.destroy(code === constants.NGHTTP2_NO_ERROR ? undefined : new Error(reason), code);
  }

  #noteClosing(reason: SessionClosing): void {
    if (this.#closing) return;
    this.#closing = reason;
    this.#closedMs = this.#share.options.clock.nowMs();
    this.#share.metrics.sessionClosed(reason);
    this.#share.options.ended(reason, this.#client);
  }

  #onSocketClosed(): void {
    this.#noteClosing(this.#hasSettings ? 'client-closed' : 'no-settings');
    this.#share.forget(this, this.#client.address);
  }
}

function sessionOptions(share: SessionShare): Parameters<typeof performServerHandshake>[1] {
  const { limits, options } = share;
  return {
    settings: {
      maxConcurrentStreams: options.maxStreams,
      initialWindowSize: limits.streamWindowBytes,
      // Twice what is served, so that what lies between is answered 431 and not reset.
      maxHeaderListSize: options.headBytes * 2,
      enablePush: false,
      enableConnectProtocol: true,
    },
    maxHeaderListPairs: options.headFields * 2,
    maxSessionMemory: limits.sessionMemoryMb,
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
    // nghttp2's own rapid-reset guard stays behind ours as a second wall; both numbers must be given.
    streamResetBurst: limits.resets.burst * 4,
    streamResetRate: limits.resets.perSecond * 4,
    strictSingleValueFields: false,
  } as Parameters<typeof performServerHandshake>[1];
}

/** nghttp2 tells floods and broken rules apart by number (nghttp2.h, NGHTTP2_ERR_*). */
function closingOf(error: Error & { errno?: number; code?: string }): SessionClosing {
  if (error.errno === -904 || error.errno === -905) return 'frame-flood';
  if (error.code === 'ERR_HTTP2_TOO_MANY_INVALID_FRAMES') return 'frame-flood';
  if (error.code === 'ECONNRESET' || error.code === 'EPIPE') return 'transport-error';
  return 'protocol-error';
}
