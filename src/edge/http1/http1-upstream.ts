// HTTP/1.1 to an origin over one tunnel stream, used for one exchange after another.
//
// HOT: one object per stream, nothing allocated per request but what the response's bytes need. The request head is
// composed in a scratch buffer shared by all upstreams; the response head is parsed in place and handed on as spans.
import { noBytes } from '#base/bytes.ts';
import { failure } from '#http/exchange.ts';
import type { BodyKind, ExchangeFailure, Fields, RequestHead, ResponseHead } from '#http/exchange.ts';
import { ChunkedDecoder } from '#wire/http1-chunked.ts';
import { Http1Error } from '#wire/http1-error.ts';
import { findHeadEnd } from '#wire/http1-head-end.ts';
import { Http1Head } from '#wire/http1-head.ts';
import { parseResponseHead } from '#wire/http1-start-line.ts';
import type { StreamHandler, TunnelStream, ResetReason } from '#tunnel/stream.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import type { BeginOptions, ExchangeSide, MovableUpstream } from '../exchange-side.ts';
import { Http1RequestWriter } from './http1-request-writer.ts';
import type { TunnelSlot } from '../tunnels/tunnel-registry.ts';

const responseLimits = { headBytes: 65_536, targetBytes: 0, fields: 256 };
/** Interim responses an origin may send before the final one. */
const maxInterim = 16;

type State = 'idle' | 'head' | 'length' | 'chunked' | 'until-close' | 'held' | 'raw' | 'closed';

export class Http1Upstream implements MovableUpstream, StreamHandler, ResponseHead {
  readonly slot: TunnelSlot;
  readonly rule: PublishedRule;
  readonly poolKey: string | number;
  readonly generation: number;
  readonly idleTimeoutMs: number;
  idleSinceMs = 0;
  /** Exchanges served before the present one. */
  served = 0;
  readonly #stream: TunnelStream;
  readonly #writer: Http1RequestWriter;
  readonly #now: () => number;
  readonly #head = new Http1Head(responseLimits);
  #chunks: ChunkedDecoder | undefined;
  #state: State = 'idle';
  #stash: Buffer = noBytes;
  #scanned = 0;
  #side: ExchangeSide | undefined;
  #request: RequestHead | undefined;
  #requestDone = false;
  #responseDone = false;
  #remaining = 0;
  #interim = 0;
  #isPaused = false;
  #owed = 0;
  #heldTrailers: Fields | null = null;

  constructor(
    stream: TunnelStream,
    target: { slot: TunnelSlot; rule: PublishedRule; poolKey: string | number },
    tools: { scratch: Buffer; now: () => number },
  ) {
    this.#stream = stream;
    this.slot = target.slot;
    this.rule = target.rule;
    this.poolKey = target.poolKey;
    this.generation = target.slot.pool.generation;
    this.idleTimeoutMs = target.rule.keepAliveTimeoutMs;
    this.#writer = new Http1RequestWriter(stream, tools.scratch);
    this.#now = tools.now;
    stream.handler = this;
  }

  // ResponseHead, read by the front during `respond`.
  bodyKind: BodyKind = 'none';
  contentLength = -1;
  get status(): number {
    return this.#head.status;
  }
  get fields(): Fields {
    return this.#head;
  }

  /** Sends the request head; the body follows by writeBody and endBody. */
  begin(request: RequestHead, options: BeginOptions): void {
    this.#side = options.side;
    this.#request = request;
    this.#state = 'head';
    this.#requestDone = false;
    this.#responseDone = false;
    this.#interim = 0;
    this.#writer.writeHead(request, this.rule.hostHeader || request.authority, options.edgeLines);
    if (request.bodyKind === 'none' && request.upgrade === '') this.#requestDone = true;
  }

  // Upstream, called by the exchange.

  writeBody(chunk: Buffer): boolean {
    return this.#state === 'raw' ? this.#writer.writeRaw(chunk) : this.#writer.writeBody(chunk);
  }

  endBody(trailers: Fields | null): void {
    if (this.#state === 'raw') {
      this.#stream.end();
      this.#requestDone = true;
      this.#finishRaw();
      return;
    }
    this.#writer.finish(trailers);
    this.#requestDone = true;
    if (this.#responseDone) this.#finish();
  }

  downstreamDrained(): void {
    this.#isPaused = false;
    if (this.#owed > 0) this.#stream.consume(this.#owed);
    this.#owed = 0;
    if (this.#state === 'held') this.#complete(this.#heldTrailers);
  }

  abort(reason: string): void {
    this.#side = undefined;
    this.#destroy('cancelled', reason);
  }

  moveTo(side: ExchangeSide): void {
    if (this.#side) this.#side = side;
  }

  /** Closes an idle upstream. */
  close(): void {
    this.#destroy('cancelled', 'no longer needed');
  }

  // StreamHandler, called by the tunnel.

  onOpened(): void {
    this.#side?.originOpened();
  }

  onDrain(): void {
    this.#writer.drained();
    this.#side?.upstreamDrained();
  }

  onData(chunk: Buffer): void {
    if (this.#isPaused) this.#owed += chunk.length;
    else this.#stream.consume(chunk.length);
    try {
      this.#read(chunk);
    } catch (error) {
      if (!(error instanceof Http1Error)) throw error;
      this.#fail(failure('origin-protocol', error.message));
    }
  }

  onEnd(): void {
    if (this.#responseDone && this.#state !== 'idle' && this.#state !== 'raw') return this.#gone('closed');
    switch (this.#state) {
      case 'idle':
        this.slot.pool.discard(this);
        this.#destroy('cancelled', 'closed by the origin');
        return;
      case 'until-close':
        this.#complete(null);
        return;
      case 'raw':
        this.#responseDone = true;
        this.#side?.end(null);
        this.#finishRaw();
        return;
      case 'head':
        if (this.#stash.length === 0 && this.#interim === 0)
          this.#lost('origin-closed', 'closed without an answer');
        else this.#fail(failure('origin-closed', 'closed within the response head'));
        return;
      case 'length':
      case 'chunked':
        this.#fail(failure('origin-closed', 'closed within the response body'));
        return;
      default:
    }
  }

  onReset(reason: ResetReason, detail: string): void {
    if (this.#state === 'idle') this.slot.pool.discard(this);
    else if (this.#state === 'held') this.#completeDirty(this.#heldTrailers);
    else if (this.#responseDone && this.#state !== 'raw') this.#gone(detail);
    else if (this.#state === 'head' && this.#stash.length === 0 && this.#interim === 0)
      this.#lost(reason, detail);
    else
      this.#fail(
        failure(reason === 'connection-lost' ? 'connector-lost' : 'origin-closed', `${reason}: ${detail}`),
      );
    this.#state = 'closed';
  }

  /** The origin has answered and left; whatever the client still sends is nobody's any more. */
  #gone(detail: string): void {
    this.#leave('cancelled', detail)?.upstreamDrained();
  }

  #lost(reason: ResetReason | 'origin-closed', detail: string): void {
    this.#leave('cancelled', detail)?.lostBeforeResponse(reason, detail);
  }

  // Reading the response.

  #read(chunk: Buffer): void {
    let offset = 0;
    while (this.#state === 'head') {
      const source = this.#stash.length === 0 ? chunk : Buffer.concat([this.#stash, chunk]);
      const start = this.#stash.length === 0 ? offset : 0;
      const end = findHeadEnd(source, start, start + this.#scanned, responseLimits);
      if (end < 0) {
        // The chunk is valid during this call only.
        this.#stash = start === source.length ? noBytes : Buffer.from(source.subarray(start));
        this.#scanned = this.#stash.length;
        return;
      }
      this.#stash = noBytes;
      this.#scanned = 0;
      parseResponseHead(this.#head, source, start);
      chunk = source;
      offset = end;
      this.#onHead(offset < chunk.length);
      // An interim response with nothing after it; or the whole exchange is over and the next has begun.
      if (offset === chunk.length && this.#state === 'head') return;
    }
    this.#readBody(chunk, offset);
  }

  #readBody(chunk: Buffer, offset: number): void {
    if (this.#responseDone && this.#state !== 'idle') {
      // The request body is still on its way up, but the origin has answered and then said more.
      if (offset < chunk.length) this.#gone('the origin sent bytes after its response');
      return;
    }
    if (offset === chunk.length) {
      if (this.#state === 'length' || this.#state === 'chunked' || this.#state === 'until-close')
        this.#side?.flush?.();
      return;
    }
    switch (this.#state) {
      case 'length': {
        const end = Math.min(chunk.length, offset + this.#remaining);
        this.#remaining -= end - offset;
        this.#pass(offset === 0 && end === chunk.length ? chunk : chunk.subarray(offset, end));
        if (this.#remaining > 0) this.#side?.flush?.();
        else if (end < chunk.length) this.#completeDirty(null);
        else this.#complete(null);
        return;
      }
      case 'chunked':
        this.#readChunked(chunk, offset);
        return;
      case 'until-close':
      case 'raw':
        this.#pass(offset === 0 ? chunk : chunk.subarray(offset));
        this.#side?.flush?.();
        return;
      case 'held':
        return this.#completeDirty(this.#heldTrailers);
      case 'idle':
        // Bytes that no request asked for: nobody may mistake them for the next response.
        this.slot.pool.discard(this);
        this.#destroy('protocol-error', 'the origin sent bytes without a request');
        return;
      default:
    }
  }

  #readChunked(chunk: Buffer, offset: number): void {
    const decoder = this.#chunks!;
    const end = decoder.decode(chunk, offset, (data) => this.#pass(data));
    if (!decoder.isDone) this.#side?.flush?.();
    else if (end < chunk.length) this.#completeDirty(decoder.trailers);
    else this.#complete(decoder.trailers);
  }

  #pass(data: Buffer): void {
    if (this.#side && !this.#side.body(data)) this.#isPaused = true;
  }

  /** `hasMore`: bytes follow the head in the same chunk. */
  #onHead(hasMore: boolean): void {
    const head = this.#head;
    if (head.status < 200 && head.status !== 101) {
      if (++this.#interim > maxInterim)
        throw new Http1Error('bad-request', `more than ${maxInterim} interim responses`);
      this.bodyKind = 'none';
      this.#side?.inform(this);
      return;
    }
    if (head.status === 101) {
      if (this.#request!.upgrade === '') throw new Http1Error('bad-request', 'a 101 that nobody asked for');
      this.#state = 'raw';
      this.bodyKind = 'none';
      this.#side?.switchProtocols(this);
      return;
    }
    this.#frameBody(head);
    this.#side?.respond(this);
    if (this.#state !== 'length' || this.#remaining > 0) return;
    if (hasMore) this.#completeDirty(null);
    else this.#complete(null);
  }

  /** RFC 9112 section 6.3. */
  #frameBody(head: Http1Head): void {
    const { status } = head;
    this.contentLength = head.contentLength;
    if (this.#request!.method === 'HEAD' || status === 204 || status === 304) {
      this.bodyKind = 'none';
      this.#state = 'length';
      this.#remaining = 0;
    } else if (head.isChunked) {
      this.bodyKind = 'chunked';
      this.#state = 'chunked';
      this.#chunks ??= new ChunkedDecoder('response');
      this.#chunks.reset();
    } else if (head.contentLength >= 0) {
      this.bodyKind = 'length';
      this.#state = 'length';
      this.#remaining = head.contentLength;
    } else {
      this.bodyKind = 'chunked';
      this.#state = 'until-close';
    }
  }

  // Ends.

  /** The response is whole, but more bytes follow it: deliver, then never use the stream again. */
  #completeDirty(trailers: Fields | null): void {
    this.#leave('protocol-error', 'the origin sent bytes after its response')?.end(trailers);
  }

  #complete(trailers: Fields | null): void {
    if (this.#isPaused) {
      // The next response must not find the window open whose bytes still wait for the client: nobody would count those.
      this.#state = 'held';
      this.#heldTrailers = trailers;
      return this.#side?.flush?.();
    }
    this.#responseDone = true;
    const side = this.#side;
    if (this.#requestDone) this.#finish();
    // Early response: the request body goes on to whoever still reads it; `endBody` or `abort` follows.
    side?.end(trailers);
  }

  /** Both directions are done: back to the pool, if nothing about the stream is doubtful. */
  #finish(): void {
    this.#side = undefined;
    const head = this.#head;
    const mayPersist = head.minorVersion === 1 ? !head.isClose : head.isKeepAlive;
    this.#request = undefined;
    if (this.#state === 'until-close' || !mayPersist || this.rule.isPerClient || !this.#isClean()) {
      this.#destroy('cancelled', 'done');
      return;
    }
    this.#state = 'idle';
    this.served += 1;
    this.idleSinceMs = this.#now();
    this.slot.pool.put(this, this.rule.keepAliveConnections);
  }

  #isClean(): boolean {
    return (
      this.#stream.isOpen &&
      !this.#stream.isRemoteEnded &&
      (!this.#writer.isKeptWaiting || this.#stream.isFlushed)
    );
  }

  #finishRaw(): void {
    if (!this.#requestDone || !this.#responseDone) return;
    this.#side = undefined;
    // Both ends have said FIN; what is still queued goes out before the stream closes by itself.
    this.#state = 'closed';
  }

  #fail(what: ExchangeFailure): void {
    this.#leave('cancelled', what.detail)?.abort(what);
  }

  /** The stream is over; returns the exchange, to be told. */
  #leave(reason: ResetReason, detail: string): ExchangeSide | undefined {
    const side = this.#side;
    this.#side = undefined;
    this.#destroy(reason, detail);
    return side;
  }

  #destroy(reason: ResetReason, detail: string): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#request = undefined;
    this.#stash = noBytes;
    this.#stream.reset(reason, detail);
  }
}
