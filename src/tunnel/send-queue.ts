// Bytes of one stream that could not be sent at once: a queue of pieces with a byte count.
import { Buffer } from 'node:buffer';

/** Where drained bytes go: `take(piece, from, to)`. */
export type TakePiece = (piece: Uint8Array, from: number, to: number) => void;

export class SendQueue {
  #pieces: Uint8Array[] = [];
  #head = 0;
  /** How much of the first piece is already gone. */
  #headOffset = 0;
  #byteCount = 0;

  get byteCount(): number {
    return this.#byteCount;
  }

  /** Adds `chunk[from..]`; copies it when the caller will reuse the memory. */
  push(chunk: Uint8Array, from: number, isScratch: boolean): void {
    const rest = from === 0 ? chunk : chunk.subarray(from);
    this.#pieces.push(isScratch ? Buffer.from(rest) : rest);
    this.#byteCount += rest.length;
  }

  /** Length of the longest run that can be taken as one piece, at most `limit`; 0 when empty. */
  nextRun(limit: number): number {
    if (this.#byteCount === 0) return 0;
    return Math.min(limit, this.#pieces[this.#head]!.length - this.#headOffset);
  }

  /** Hands the first `byteCount` bytes (at most `nextRun`) to `take` and drops them. */
  drain(byteCount: number, take: TakePiece): void {
    const piece = this.#pieces[this.#head]!;
    const from = this.#headOffset;
    take(piece, from, from + byteCount);
    this.#byteCount -= byteCount;
    this.#headOffset = from + byteCount;
    if (this.#headOffset === piece.length) this.#dropHead();
  }

  clear(): void {
    this.#pieces = [];
    this.#head = 0;
    this.#headOffset = 0;
    this.#byteCount = 0;
  }

  #dropHead(): void {
    this.#head += 1;
    this.#headOffset = 0;
    if (this.#byteCount === 0) return this.clear();
    if (this.#head > 32 && this.#head * 2 > this.#pieces.length) {
      this.#pieces = this.#pieces.slice(this.#head);
      this.#head = 0;
    }
  }
}
