// Buffers of one size, used again and again. What a socket's output is gathered in comes from here, so that neither an
// idle connection nor a busy one has memory of its own. Keeps a few free ones; what bulk transfers needed beyond that
// is freed at once: the collector, which has other things to look at, would come for it minutes later.
import { Buffer } from 'node:buffer';

/** Free buffers kept: as many as are in use at once, unless receivers are slower than senders. */
export const keptBuffers = 32;

/** Views of each kept buffer that are kept, too: many messages are of the same length. A power of two. */
const keptViews = 64;

/** All pools that there are. */
const pools = new Set<WeakRef<BufferPool>>();

/** Frees what all pools keep; for a process at leisure, which may have been busy with much. */
export function emptyBufferPools(): void {
  for (const reference of pools) {
    const pool = reference.deref();
    if (pool) pool.empty();
    else pools.delete(reference);
  }
}

export class BufferPool {
  readonly bufferBytes: number;
  readonly #free: Buffer[] = [];
  /** The first, which is taken whenever it is free: mostly, as what is gathered in a turn leaves in it. */
  #first: Buffer | undefined;
  #isFirstFree = false;
  /** Beginnings of each buffer that was kept once, at their length modulo `keptViews`. */
  readonly #views = new Map<Buffer, (Buffer | undefined)[]>();

  constructor(bufferBytes: number) {
    this.bufferBytes = bufferBytes;
    pools.add(new WeakRef(this));
  }

  /** A buffer with anything in it, for the caller alone until it is given back. */
  take(): Buffer {
    if (this.#isFirstFree) {
      this.#isFirstFree = false;
      return this.#first!;
    }
    const buffer = this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bufferBytes);
    this.#first ??= buffer;
    return buffer;
  }

  /** The first `byteCount` bytes of a buffer of this pool. */
  start(buffer: Buffer, byteCount: number): Buffer {
    const views = this.#views.get(buffer);
    if (views === undefined) return buffer.subarray(0, byteCount);
    const view = views[byteCount & (keptViews - 1)];
    if (view?.length === byteCount) return view;
    return (views[byteCount & (keptViews - 1)] = buffer.subarray(0, byteCount));
  }

  /** Gives a buffer back; nobody may use it any more. */
  give(buffer: Buffer): void {
    if (buffer === this.#first) this.#isFirstFree = true;
    else if (this.#free.length < keptBuffers) this.#free.push(buffer);
    else return this.#drop(buffer);
    if (!this.#views.has(buffer)) this.#views.set(buffer, Array.from({ length: keptViews }));
  }

  /** Frees the buffers that are kept; those in use come back as before. */
  empty(): void {
    if (this.#isFirstFree) {
      this.#drop(this.#first!);
      this.#isFirstFree = false;
    }
    this.#first = undefined;
    for (const buffer of this.#free.splice(0)) this.#drop(buffer);
  }

  #drop(buffer: Buffer): void {
    this.#views.delete(buffer);
    // Detaches the memory; whoever still held a view of it sees one of length 0.
    (buffer.buffer as ArrayBuffer).transfer(0);
  }
}
