// The beginning of a request body, kept while nobody knows whether the origin was reached: if it was not, no byte of the
// request got anywhere, and another replica may be sent the same. Dropped as soon as the origin is reached or more has
// come than is worth keeping.
import { Buffer } from 'node:buffer';
import type { Fields, Upstream } from '#http/exchange.ts';

/** What fits into a stream's first window (64 KiB), and one read beyond it, before the sender is stopped. */
const maxKeptBytes = 131_072;

export class BodyReplay {
  #pieces: Buffer[] = [];
  #keptBytes = 0;
  #trailers: Fields | null = null;
  #isWhole = true;

  /** True while everything that was written can be written again. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Notes body bytes; they are copied. */
  note(chunk: Buffer): void {
    if (!this.#isWhole) return;
    if (this.#keptBytes + chunk.length > maxKeptBytes) return this.drop();
    this.#pieces.push(Buffer.from(chunk));
    this.#keptBytes += chunk.length;
  }

  noteEnd(trailers: Fields | null): void {
    this.#trailers = trailers;
  }

  /** It will not be needed any more. */
  drop(): void {
    this.#isWhole = false;
    this.#pieces = [];
  }

  /** Writes what was noted, and its end if that has come. False: wait for upstreamDrained. */
  writeTo(upstream: Upstream, hasEnded: boolean): boolean {
    let hasRoom = true;
    for (const piece of this.#pieces) hasRoom = upstream.writeBody(piece);
    if (hasEnded) upstream.endBody(this.#trailers);
    return hasRoom;
  }
}
