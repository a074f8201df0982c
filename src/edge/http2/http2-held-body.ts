// What an HTTP/2 stream does not take at once of a response. Node tells that bytes have left when all that a stream was given
// has, so it is given no more than a slow client takes in the time of a stall: what waits beyond waits here.
import type { ServerHttp2Stream } from 'node:http2';

/** A client that takes less in the time of a stall passes for one that has stopped. */
export const mostAtOnceBytes = 262_144;

export class HeldBody {
  readonly #stream: ServerHttp2Stream;
  /** Oldest first. */
  #parts: Buffer[] = [];
  #byteCount = 0;
  /** The stream has had its fill, and will emit 'drain'. */
  #isFull: boolean;

  constructor(stream: ServerHttp2Stream, isFull: boolean) {
    this.#stream = stream;
    this.#isFull = isFull;
  }

  get byteCount(): number {
    return this.#byteCount;
  }

  /** Takes bytes that last; returns whether more may come at once. */
  write(bytes: Buffer): boolean {
    for (let at = 0; at < bytes.length; at += mostAtOnceBytes)
      this.#parts.push(bytes.subarray(at, at + mostAtOnceBytes));
    this.#byteCount += bytes.length;
    return this.#isFull ? false : this.sendOn();
  }

  /** After 'drain': gives the stream as much as it may have; returns whether more may come at once. */
  sendOn(): boolean {
    this.#isFull = false;
    while (this.#parts.length > 0 && this.#stream.writableLength < mostAtOnceBytes) {
      const part = this.#parts.shift()!;
      this.#byteCount -= part.length;
      if (!this.#stream.write(part)) this.#isFull = true;
    }
    return !this.#isFull;
  }

  /** Nobody waits for it any more. */
  forget(): void {
    this.#parts = [];
    this.#byteCount = 0;
  }
}
