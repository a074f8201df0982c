// Buffers of one size, used again and again. What a socket's output is gathered in comes from here, so that neither an
// idle connection nor a busy one has memory of its own. Keeps a few free ones; what bulk transfers needed beyond that
// goes back to the system.
import { Buffer } from 'node:buffer';

/** Free buffers kept; more are in use at once only while receivers are slower than senders. */
const maxFree = 16;

export class BufferPool {
  readonly bufferBytes: number;
  readonly #free: Buffer[] = [];

  constructor(bufferBytes: number) {
    this.bufferBytes = bufferBytes;
  }

  /** A buffer with anything in it, for the caller alone until it is given back. */
  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.bufferBytes);
  }

  /** Gives a buffer back; nobody may use it any more. */
  give(buffer: Buffer): void {
    if (this.#free.length < maxFree) this.#free.push(buffer);
  }
}
