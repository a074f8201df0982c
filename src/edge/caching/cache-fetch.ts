// Takes an origin's answer in: the upstream's side from the moment its head has turned out to be worth keeping. Whoever
// asked first is then a reader like the others; if he leaves, the rest go on.
//
// How far it runs ahead of its readers is limited, and so is what it does for nobody.
import type { ExchangeFailure, Fields, Upstream } from '#http/exchange.ts';
import type { ExchangeSide } from '../exchange-side.ts';
import type { CacheEntry } from '../cache/cache-entry.ts';

/** Bytes taken in ahead of the foremost reader of a body that is kept; a home's uplink has better things to do. */
const aheadBytes = 16 * 1024 * 1024;
/** The same for a body that turned out too large to keep. */
const unkeptAheadBytes = 1024 * 1024;
/** Bytes that may wait for a disk that does not keep up. */
const unwrittenBytes = 4 * 1024 * 1024;
/** A reader this far behind the foremost one of such a body is cut off. */
const lagBytes = 8 * 1024 * 1024;
/** What is still fetched when the last reader has left. */
const unreadBytes = 1024 * 1024;

/** What a fetch asks of the cache. */
export interface FetchHost {
  /** More bytes are being taken in; negative when they are done with. */
  filling(bytes: number): void;
  /** The entry is whole. */
  settle(entry: CacheEntry): void;
  /** The entry must not be found any more. */
  drop(entry: CacheEntry): void;
  /** An entry that was displaced for nothing comes back. */
  restore(entry: CacheEntry): void;
  /** The body has grown, and may go on to disk; false: it is larger than there is room for. `written`: the disk has caught up. */
  grown(entry: CacheEntry, written: () => void): boolean;
}

export interface FetchOptions {
  readonly entry: CacheEntry;
  readonly host: FetchHost;
  /** Largest body that is kept. */
  readonly limitBytes: number;
  /** The entry that this one displaces. */
  readonly replaced: CacheEntry | undefined;
  /** Asked for by the edge itself: needs no reader. */
  readonly isBackground: boolean;
}

export class CacheFetch implements ExchangeSide {
  readonly #options: FetchOptions;
  readonly #entry: CacheEntry;
  upstream: Upstream | undefined;
  /** Called once, when nothing more comes. */
  whenOver: (() => void) | undefined;
  #isKept = true;
  #isPaused = false;
  #isOver = false;
  #counted = 0;

  constructor(options: FetchOptions) {
    this.#options = options;
    this.#entry = options.entry;
  }

  // ExchangeSide, called by the upstream.

  body(chunk: Buffer): boolean {
    const { body } = this.#entry;
    if (this.#isKept && body.length + chunk.length > this.#options.limitBytes) this.#stopKeeping();
    this.#count(chunk.length);
    body.append(chunk);
    if (this.#isKept && !this.#options.host.grown(this.#entry, () => this.moved())) this.#stopKeeping();
    if (!this.#isKept) this.#cutLaggards();
    if (this.#isOver) return true;
    this.#isPaused = this.#isTooFarAhead();
    return !this.#isPaused;
  }

  flush(): void {
    // Readers flush when they have passed on what there is.
  }

  end(_trailers: Fields | null): void {
    if (this.#isOver) return;
    this.#over();
    this.#entry.body.finish();
    if (this.#isKept) this.#options.host.settle(this.#entry);
    else this.#entry.body.abandon();
  }

  abort(cause: ExchangeFailure): void {
    this.#fail(cause.detail);
  }

  #fail(detail: string): void {
    if (this.#isOver) return;
    const { host, replaced } = this.#options;
    this.#over();
    if (this.#isKept) {
      host.drop(this.#entry);
      if (replaced) host.restore(replaced);
    }
    this.#entry.body.fail(detail);
    this.#entry.body.release();
  }

  #over(): void {
    this.#isOver = true;
    this.whenOver?.();
    this.upstream = undefined;
    this.#options.host.filling(-this.#counted);
    this.#counted = 0;
  }

  #count(bytes: number): void {
    if (!this.#isKept || this.#entry.body.isOnDisk) return;
    this.#counted += bytes;
    this.#options.host.filling(bytes);
  }

  /** The body is larger than what is kept: those who read it get the rest, nobody else does. */
  #stopKeeping(): void {
    this.#isKept = false;
    this.#options.host.drop(this.#entry);
    this.#options.host.filling(-this.#counted);
    this.#counted = 0;
  }

  #cutLaggards(): void {
    const { body } = this.#entry;
    const { foremost } = body;
    for (const listener of body.listeners) {
      if (foremost - listener.position > lagBytes) listener.drop('too slow for a body that is not kept');
    }
    body.forgetRead();
  }

  #isTooFarAhead(): boolean {
    const { body } = this.#entry;
    if (body.waitingBytes > unwrittenBytes) return true;
    if (body.listeners.size === 0) return false;
    return body.length - body.foremost > (this.#isKept ? aheadBytes : unkeptAheadBytes);
  }

  /** A reader has passed bytes on, or has left. */
  moved(): void {
    if (this.#isOver) return;
    if (this.#entry.body.listeners.size === 0 && !this.#isWorthFinishing()) {
      const { upstream } = this;
      this.#fail('nobody reads it any more');
      upstream?.abort('nobody reads the answer any more');
      return;
    }
    if (!this.#isKept) this.#entry.body.forgetRead();
    if (this.#isPaused && !this.#isTooFarAhead()) {
      this.#isPaused = false;
      this.upstream?.downstreamDrained();
    }
  }

  #isWorthFinishing(): boolean {
    if (!this.#isKept) return false;
    if (this.#options.isBackground) return true;
    const { expectedLength, length } = this.#entry.body;
    return expectedLength < 0 ? length < unreadBytes : expectedLength - length <= unreadBytes;
  }

  /** The edge stops. */
  stop(): void {
    const { upstream } = this;
    this.#fail('the edge is stopping');
    upstream?.abort('the edge is stopping');
  }

  // What can no longer come once the head has.

  originOpened(): void {}

  lostBeforeResponse(): void {}

  inform(): void {}

  respond(): void {}

  switchProtocols(): void {}

  upstreamDrained(): void {}
}

/** Reads an answer over that nobody wants: a 304 that has been understood, an error that a stale copy hides. */
export class DiscardingSide implements ExchangeSide {
  upstream: Upstream | undefined;
  #bytes = 0;

  body(chunk: Buffer): boolean {
    this.#bytes += chunk.length;
    // Reading a long error over costs more than another connection.
    if (this.#bytes > blockOfErrorBytes) this.upstream?.abort('the answer is not wanted');
    return true;
  }

  end(): void {}

  abort(): void {}

  flush(): void {}

  originOpened(): void {}

  lostBeforeResponse(): void {}

  inform(): void {}

  respond(): void {}

  switchProtocols(): void {}

  upstreamDrained(): void {}
}

const blockOfErrorBytes = 65_536;
