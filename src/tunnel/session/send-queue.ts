// Bytes of one stream that could not be sent at once: a queue of pieces with a byte count.
//
// HOT: in a bulk transfer nearly every read ends up here, because the transport is slower than the origin. Its copy is made
// in memory that serves again: a fresh 64 KiB for each read had the collector go through the whole heap several times a
// second (a quarter of a connector's CPU, perf over bench/bench.ts --only bulk).
import { Buffer } from 'node:buffer';
import type { BufferPool } from '#base/io/buffer-pool.ts';

/** Where drained bytes go: `take(piece, from, to)`; the piece is valid during the call only. */
export type TakePiece = (piece: Uint8Array, from: number, to: number) => void;

/** Shorter pieces get memory of their own size: thousands of streams may wait with a few bytes each. */
const leastPooledBytes = 16_384;

interface Piece {
  readonly bytes: Uint8Array;
  /** To be given back to the pool. */
  readonly memory: Buffer | undefined;
}

export class SendQueue {
  readonly #pool: BufferPool;
  #pieces: Piece[] = [];
  #head = 0;
  /** How much of the first piece is already gone. */
  #headOffset = 0;
  #byteCount = 0;

  /** Copies of long pieces are made in buffers of `pool`. */
  constructor(pool: BufferPool) {
    this.#pool = pool;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  /** Adds `chunk[from..]`, at least one byte; copies it when the caller will reuse the memory. */
  push(chunk: Uint8Array, from: number, isScratch: boolean): void {
    const rest = from === 0 ? chunk : chunk.subarray(from);
    this.#pieces.push(isScratch ? this.#copy(rest) : { bytes: rest, memory: undefined });
    this.#byteCount += rest.length;
  }

  #copy(bytes: Uint8Array): Piece {
    const { length } = bytes;
    if (length < leastPooledBytes || length > this.#pool.bufferBytes)
      return { bytes: Buffer.from(bytes), memory: undefined };
    const memory = this.#pool.take();
    memory.set(bytes);
    return { bytes: length === memory.length ? memory : memory.subarray(0, length), memory };
  }

  /** Length of the longest run that can be taken as one piece, at most `limit`; 0 when empty. */
  nextRun(limit: number): number {
    if (this.#byteCount === 0) return 0;
    return Math.min(limit, this.#pieces[this.#head]!.bytes.length - this.#headOffset);
  }

  /** Hands the first `byteCount` bytes (at most `nextRun`) to `take` and drops them. */
  drain(byteCount: number, take: TakePiece): void {
    const { bytes } = this.#pieces[this.#head]!;
    const from = this.#headOffset;
    take(bytes, from, from + byteCount);
    this.#byteCount -= byteCount;
    this.#headOffset = from + byteCount;
    if (this.#headOffset === bytes.length) this.#dropHead();
  }

  clear(): void {
    for (let i = this.#head; i < this.#pieces.length; i++) this.#giveBack(this.#pieces[i]!);
    this.#pieces = [];
    this.#head = 0;
    this.#headOffset = 0;
    this.#byteCount = 0;
  }

  #giveBack({ memory }: Piece): void {
    if (memory) this.#pool.give(memory);
  }

  #dropHead(): void {
    this.#giveBack(this.#pieces[this.#head]!);
    this.#head += 1;
    this.#headOffset = 0;
    if (this.#byteCount === 0) return this.clear();
    if (this.#head > 32 && this.#head * 2 > this.#pieces.length) {
      this.#pieces = this.#pieces.slice(this.#head);
      this.#head = 0;
    }
  }
}
