// One request on its way through the edge: between the front that read it and the upstream that serves it. Keeps
// what the access log needs, decides whether a failed try may be repeated, and turns failures into answers.
//
// HOT: one object per request; all calls are synchronous pass-through.
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { failure } from '#http/exchange.ts';
import type {
  Downstream,
  ExchangeFailure,
  FailureCode,
  Fields,
  RequestHead,
  ResponseHead,
  Upstream,
} from '#http/exchange.ts';
import type { ResetReason } from '#tunnel/stream.ts';
import type { ExchangePace } from './shaping/exchange-pace.ts';
import type { Listed } from './active-exchanges.ts';
import type { EdgeLines } from './edge-lines.ts';
import type { AccessGrant } from './access/visitors/access-grant.ts';
import { troubleOf } from './balance/balances.ts';
import { BodyReplay } from './body-replay.ts';
import { answerFailure } from './error-page.ts';
import {
  dialFailures,
  failureOfReset,
  idempotentMethods,
  madeByOrigin,
  nothingSentReasons,
  unblamed,
} from './failed-tries.ts';
import type { ExchangeCompanion, ExchangeOwner } from './exchange-owner.ts';
import { isOwnAnswer } from './http2/http2-fields.ts';
import { isGrpc } from './http2/http2-failure.ts';
import type { ExchangeSide, MovableUpstream } from './exchange-side.ts';
import { withCacheStatus } from './routes/uncached-answer.ts';
import { goingAway, WebSocketBorder } from './websocket/websocket-border.ts';
import type { RequestTrace } from './tracing/request-trace.ts';
import type { TunnelSlot, TunnelTarget } from './tunnels/tunnel-registry.ts';

/** A request may meet rules that have just changed this often: its owner edits, or several connectors follow one by one. */
const maxRenewals = 5;

/** From here on an exchange counts as a bulk transfer. */
const bulkBytes = 1_048_576;

export class Exchange implements Upstream, ExchangeSide, Listed {
  /** As the origin gets it; a step of the route may ask it another question than the client did. */
  request: RequestHead;
  activeIndex = -1;
  /** Where the answer goes: the client's front, or a step of the route before it. */
  front: Downstream;
  companion: ExchangeCompanion | undefined;
  /** Asked for by the edge itself, not by a client: neither logged nor counted. */
  isBackground = false;
  /** A cache has it, and words its answers; and what that did, in CF-Cache-Status's words, for the log. */
  isWithCache = false;
  cacheWord = '';
  readonly #owner: ExchangeOwner;
  #upstream: MovableUpstream | undefined;
  /** How the request is written anew for its origin, on a route that does; all else knows it as the client asked it. */
  forOrigin: ((request: RequestHead) => RequestHead) | undefined;
  /** Holds body bytes to a rate, on a route that has one. */
  pace: ExchangePace | undefined;
  /** Field lines for the origin, made by the proxy; undefined before a route was found. */
  edgeLines: EdgeLines | undefined;
  /** Its place in a trace; undefined where nobody traces. */
  trace: RequestTrace | undefined;
  /** Which rule let it pass, and as whom; undefined on a route that everybody may. */
  grant: AccessGrant | undefined;
  /** The client as the log names it. */
  clientAddress = '';
  route: RouteEntry | undefined;
  target: TunnelTarget | undefined;
  attempts = 0;
  status = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** The part of those bytes that edge/observation/traffic.ts has counted. */
  countedIn = 0;
  countedOut = 0;
  failure: ExchangeFailure | undefined;
  /** Clock times in milliseconds, 0 while they have not happened. */
  routedMs = 0;
  openedMs = 0;
  sentMs = 0;
  firstByteMs = 0;
  /** Last time the client made progress that somebody waited for. */
  progressMs: number;
  isUpgraded = false;
  /** When the edge said goodbye to a WebSocket's client, which should leave now; 0 while it has not. */
  leavingSinceMs = 0;
  #border: WebSocketBorder | undefined;
  /** True while the request body waits for the origin to read. */
  isUpstreamPaused = false;
  isRequestDone: boolean;
  /** What of the body may be sent again; undefined where nothing is kept. */
  #replay: BodyReplay | undefined;
  #isResponded = false;
  #isResponseDone = false;
  #isFrontPaused = false;
  #isFinished = false;

  constructor(request: RequestHead, front: Downstream, owner: ExchangeOwner) {
    this.request = request;
    this.front = front;
    this.#owner = owner;
    this.progressMs = request.startedMs;
    this.isRequestDone = request.bodyKind === 'none' && request.upgrade === '';
  }

  get isIdempotent(): boolean {
    return idempotentMethods.has(this.request.method);
  }

  /** All that the edge tells the origin of the present try. */
  get linesForOrigin(): EdgeLines | undefined {
    return this.trace === undefined ? this.edgeLines : this.edgeLines?.with(this.trace.lines);
  }

  /** True while the response waits for the client to read. */
  get isFrontPaused(): boolean {
    return this.#isFrontPaused;
  }

  /** The origin has all it needs to answer; the bytes after an upgrade are none of it. */
  get isWaitingForAnswer(): boolean {
    return this.isRequestDone || this.request.upgrade !== '';
  }

  get isFinished(): boolean {
    return this.#isFinished;
  }

  get isResponded(): boolean {
    return this.#isResponded;
  }

  /** The upstream that serves this try. */
  attach(upstream: MovableUpstream): void {
    this.#upstream = upstream;
  }

  /** `side` takes the upstream's answer from here on; the exchange is answered by whoever is attached next. */
  handOver(side: ExchangeSide): Upstream | undefined {
    const upstream = this.#upstream;
    this.#upstream = undefined;
    upstream?.moveTo?.(side);
    return upstream;
  }

  /** The origin is yet to be reached: what comes of the body is kept for a second try. */
  keepBody(): void {
    if (this.attempts === 1 && this.request.bodyKind !== 'none') this.#replay = new BodyReplay();
  }

  /** The request has been begun on the upstream; a second try is told what the first was told. */
  begun(): void {
    if (this.attempts === 1 || !this.#upstream) return;
    if (this.#replay) {
      const hasRoom = this.#replay.writeTo(this.#upstream, this.isRequestDone);
      // Whoever was asked to wait for the first try waits for this one.
      if (hasRoom && this.isUpstreamPaused) this.upstreamDrained();
    } else if (this.isRequestDone && this.request.bodyKind === 'length') this.#upstream.endBody(null);
  }

  /** Answers with an error of the edge's own, or cuts the response if it has begun. */
  fail(code: FailureCode, detail: string, more: Partial<ExchangeFailure> = {}): void {
    this.abort({ ...failure(code, detail), ...more });
  }

  // Upstream, called by the front.

  writeBody(chunk: Buffer): boolean {
    this.bytesIn += chunk.length;
    if (this.bytesIn > this.#watchedBytesIn && !this.#passWatch()) return true;
    this.progressMs = this.#owner.now();
    this.#replay?.note(chunk);
    const isTaken = this.#upstream ? this.#upstream.writeBody(chunk) : true;
    const hasRoom = this.pace === undefined ? isTaken : this.pace.pass('up', chunk.length, isTaken);
    this.isUpstreamPaused = !hasRoom;
    return hasRoom;
  }

  endBody(trailers: Fields | null): void {
    if (this.isRequestDone) return;
    this.isRequestDone = true;
    this.#replay?.noteEnd(trailers);
    if (this.request.bodyKind !== 'none') this.sentMs = this.#owner.now();
    this.#upstream?.endBody(trailers);
    if (this.#isResponseDone) this.#finish();
  }

  downstreamDrained(): void {
    if (this.pace?.holds('down') === true) return;
    this.#isFrontPaused = false;
    this.progressMs = this.#owner.now();
    this.#upstream?.downstreamDrained();
  }

  downstreamMoved(): void {
    this.progressMs = this.#owner.now();
  }

  /** `abort` of both halves: from the front it is a reason in words, from the upstream a failure. */
  abort(cause: string | ExchangeFailure): void {
    if (this.#isFinished) return;
    if (typeof cause === 'string') {
      // Giving up the rest of a request that has been answered is no failure.
      if (!this.#isResponseDone) this.failure ??= { status: 499, code: 'bad-request', detail: cause };
      if (!this.#isResponded) this.status = 499;
      const upstream = this.#upstream;
      this.#upstream = undefined;
      this.#finish();
      upstream?.abort(cause);
      return;
    }
    this.failure = cause;
    this.#upstream = undefined;
    if (this.#sayGoodbye(cause)) return;
    if (!this.#isResponded && this.companion?.rescue(cause) === true) {
      this.failure = undefined;
      return;
    }
    if (this.#isResponded || isGrpc(this.request)) {
      // gRPC clients read grpc-status, not pages; their front knows how to say it.
      if (!this.#isResponded) this.status = cause.status;
      this.#finish();
      this.front.abort(cause);
    } else {
      answerFailure(this, this.request, cause);
    }
  }

  /** A WebSocket whose connection behind is lost ends with 1001, if it is between two frames; the client closes then. */
  #sayGoodbye(cause: ExchangeFailure): boolean {
    if (!this.#border?.maySpeak || this.leavingSinceMs > 0 || madeByOrigin.has(cause.code)) return false;
    this.leavingSinceMs = this.#owner.now();
    this.#isResponseDone = true;
    this.front.body(goingAway);
    this.front.end(null);
    return true;
  }

  // Downstream, called by the upstream.

  originOpened(): void {
    this.openedMs = this.#owner.now();
    this.#replay?.drop();
  }

  upstreamDrained(): void {
    if (this.pace?.holds('up') === true) return;
    this.isUpstreamPaused = false;
    this.front.upstreamDrained();
  }

  inform(head: ResponseHead): void {
    this.front.inform(head);
  }

  respond(head: ResponseHead): void {
    this.#isResponded = true;
    this.status = head.status;
    this.firstByteMs = this.#owner.now();
    this.front.respond(this.isWithCache && !isOwnAnswer(head.fields) ? head : withCacheStatus(head));
  }

  switchProtocols(head: ResponseHead): void {
    this.#isResponded = true;
    this.isUpgraded = true;
    if (this.request.upgrade === 'websocket') this.#border = new WebSocketBorder();
    this.status = 101;
    this.firstByteMs = this.#owner.now();
    this.front.switchProtocols(head);
  }

  body(chunk: Buffer, lasts = false): boolean {
    this.bytesOut += chunk.length;
    this.#border?.pass(chunk);
    if (this.bytesOut > bulkBytes && !this.#isBulk) this.#becomeBulk();
    if (this.isUpgraded) this.progressMs = this.#owner.now();
    const isTaken = this.front.body(chunk, lasts);
    if (this.pace === undefined ? isTaken : this.pace.pass('down', chunk.length, isTaken)) return true;
    if (!this.#isFrontPaused) this.progressMs = this.#owner.now();
    this.#isFrontPaused = true;
    return false;
  }

  flush(): void {
    this.front.flush?.();
  }

  end(trailers: Fields | null): void {
    this.#isResponseDone = true;
    if (this.isRequestDone) this.#finish();
    this.front.end(trailers);
  }

  lostBeforeResponse(reason: ResetReason | 'origin-closed', detail: string): void {
    this.#upstream = undefined;
    this.trace?.lose(reason);
    const slot = this.target?.slot;
    if (slot && this.#mayRetry(reason, slot) && (this.#owner.takesRetry?.(this) ?? true)) {
      this.#release(unblamed.has(reason) ? undefined : `${reason}: ${detail}`);
      if (reason === 'stale-rules') this.#owner.redispatch(this, slot);
      else this.#owner.dispatch(this, slot);
      return;
    }
    this.fail(failureOfReset[reason] ?? 'origin-closed', `${reason}: ${detail}`);
  }

  /** Once, and only if the origin got nothing or may get the same twice; of a body, only if all of it was kept. */
  #mayRetry(reason: ResetReason | 'origin-closed', slot: TunnelSlot): boolean {
    if (this.#isFinished) return false;
    if (this.attempts > (reason === 'stale-rules' ? maxRenewals : 1)) return false;
    if (this.#replay?.isWhole !== true) {
      if (this.bytesIn > 0) return false;
      // The end of an empty chunked body, and its trailers, went to the first try.
      if (this.isRequestDone && this.request.bodyKind === 'chunked') return false;
    }
    if (dialFailures.has(reason)) return this.#owner.hasOtherReplica(this, slot);
    return nothingSentReasons.has(reason) || (this.isIdempotent && reason !== 'origin-timeout');
  }

  /** A time limit of the edge has passed, or it stops: answered with an error, or cut if the response has begun. */
  expire(detail: string, code: FailureCode = 'origin-timeout'): void {
    const upstream = this.#upstream;
    this.abort(failure(code, detail));
    upstream?.abort(detail);
  }

  /** Counted against the connection from dispatch to the end of the try. */
  occupy(target: TunnelTarget): void {
    this.target = target;
    if (this.routedMs === 0) this.routedMs = this.#owner.now();
    target.slot.outstanding += 1;
    target.member?.begin();
    this.#isOccupying = true;
  }
  #isOccupying = false;

  /** A body of more bytes is refused, and one that says so itself before its origin is asked; returns whether it may go on. */
  limitBody(maxBytes: number): boolean {
    if (this.request.bodyKind === 'length' && this.request.contentLength > maxBytes) {
      this.fail('body-too-large', `${this.request.contentLength} bytes, of ${maxBytes} allowed`);
      return false;
    }
    this.#maxBytesIn = maxBytes;
    this.#watchedBytesIn = Math.min(maxBytes, bulkBytes);
    return true;
  }

  /** More came than is watched for; false: too much. What follows an upgrade is no body. */
  #passWatch(): boolean {
    if (this.bytesIn > this.#maxBytesIn && !this.isUpgraded && !this.#isFinished) {
      this.#watchedBytesIn = Infinity;
      this.expire(`more than the ${this.#maxBytesIn} bytes that the route allows`, 'body-too-large');
      return false;
    }
    if (this.bytesIn <= bulkBytes) return true;
    this.#watchedBytesIn = this.isUpgraded ? Infinity : this.#maxBytesIn;
    if (!this.#isBulk) this.#becomeBulk();
    return true;
  }
  #maxBytesIn = Infinity;
  #watchedBytesIn = bulkBytes;

  /** Later requests prefer other connections, so that they do not wait behind this one's bytes. */
  #becomeBulk(): void {
    this.#isBulk = true;
    if (this.#isOccupying) this.target!.slot.bulk += 1;
  }
  #isBulk = false;

  /** `trouble`: what the try says of the member; undefined nothing. */
  #release(trouble: string | undefined): void {
    if (!this.#isOccupying) return;
    this.#isOccupying = false;
    this.target!.slot.outstanding -= 1;
    if (this.#isBulk) this.target!.slot.bulk -= 1;
    this.target!.member?.end(trouble, this.#owner.now());
  }

  #finish(): void {
    if (this.#isFinished) return;
    this.#isFinished = true;
    // The upstream may already serve somebody else.
    this.#upstream = undefined;
    this.#release(this.target?.member && troubleOf(this));
    this.companion?.finished();
    this.pace?.close();
    this.#owner.finished(this);
  }
}
