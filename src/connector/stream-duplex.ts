// A tunnel stream as a Node Duplex, for origins that live in this process on node:http. Not for the hot path: sockets
// have origin-pipe.ts.
import { Duplex } from 'node:stream';
import type { ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';

export class StreamDuplex extends Duplex implements StreamHandler {
  readonly #stream: TunnelStream;
  /** Called when the stream has room again. */
  #continueWrite: (() => void) | undefined;
  /** Bytes pushed that the reader has not asked for yet: no credit for them until it does. */
  #heldBytes = 0;

  constructor(stream: TunnelStream) {
    super({ allowHalfOpen: true });
    this.#stream = stream;
    stream.handler = this;
  }

  onData(chunk: Buffer): void {
    if (this.push(chunk)) this.#stream.consume(chunk.length);
    else this.#heldBytes += chunk.length;
  }

  onEnd(): void {
    this.push(null);
  }

  onReset(_reason: ResetReason, _detail: string): void {
    this.destroy();
  }

  onDrain(): void {
    const proceed = this.#continueWrite;
    this.#continueWrite = undefined;
    proceed?.();
  }

  override _read(): void {
    const byteCount = this.#heldBytes;
    this.#heldBytes = 0;
    if (byteCount > 0) this.#stream.consume(byteCount);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    if (this.#stream.write(chunk, false)) done();
    else this.#continueWrite = done;
  }

  override _final(done: () => void): void {
    this.#stream.end();
    done();
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    // After both directions have ended properly the stream is closed already.
    if (this.#stream.isOpen) this.#stream.reset('origin-lost', error?.message ?? '');
    done(null);
  }
}
