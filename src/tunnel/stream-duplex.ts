// A tunnel stream as a Node Duplex, for code that wants one: HTTP/2 to origins at the edge, and the connector's own
// answers from node:http. Not for the hot path, where bytes pass as buffers.
//
// Bounded both ways: received bytes are given back to the peer's credit only when the reader has taken them, so at most
// one stream window waits here; a write completes when the tunnel has room again.
import { Duplex } from 'node:stream';
import type { ResetReason, StreamHandler, TunnelStream } from './stream.ts';

/** Why the stream under a StreamDuplex went away. */
export class StreamResetError extends Error {
  readonly reason: ResetReason;

  constructor(reason: ResetReason, detail: string) {
    super(`the stream was reset: ${reason}${detail === '' ? '' : ` (${detail})`}`);
    this.name = 'StreamResetError';
    this.reason = reason;
  }
}

type Done = (error?: Error | null) => void;

export interface StreamDuplexOptions {
  /** The connector reached the origin (edge side). */
  readonly opened?: () => void;
  /** What the peer is told when the Duplex is destroyed first; default 'cancelled'. */
  readonly destroyReason?: ResetReason;
}

/** Owns `stream` from construction on; destroying the Duplex resets the stream. */
export class StreamDuplex extends Duplex implements StreamHandler {
  readonly #stream: TunnelStream;
  readonly #options: StreamDuplexOptions;
  /** Received bytes that the reader has not asked past yet. */
  #owed = 0;
  #writeDone: Done | undefined;

  constructor(stream: TunnelStream, options: StreamDuplexOptions = {}) {
    super({ allowHalfOpen: true, decodeStrings: true });
    this.#stream = stream;
    this.#options = options;
    stream.handler = this;
  }

  // StreamHandler, called by the tunnel.

  onOpened(): void {
    this.#options.opened?.();
  }

  onData(chunk: Buffer): void {
    if (this.destroyed) return;
    if (this.push(Buffer.from(chunk))) this.#stream.consume(chunk.length);
    else this.#owed += chunk.length;
  }

  onEnd(): void {
    if (!this.destroyed) this.push(null);
  }

  onReset(reason: ResetReason, detail: string): void {
    this.destroy(new StreamResetError(reason, detail));
  }

  onDrain(): void {
    const done = this.#writeDone;
    this.#writeDone = undefined;
    done?.();
  }

  // Duplex, called by Node.

  override _read(): void {
    const owed = this.#owed;
    this.#owed = 0;
    if (owed > 0) this.#stream.consume(owed);
  }

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: Done): void {
    this.#wrote(this.#stream.write(chunk, false), done);
  }

  override _writev(chunks: Array<{ chunk: Buffer }>, done: Done): void {
    let hasRoom = true;
    for (const { chunk } of chunks) hasRoom = this.#stream.write(chunk, false);
    this.#wrote(hasRoom, done);
  }

  #wrote(hasRoom: boolean, done: Done): void {
    if (hasRoom) done();
    else this.#writeDone = done;
  }

  override _final(done: Done): void {
    this.#stream.end();
    done();
  }

  override _destroy(error: Error | null, done: Done): void {
    // After both directions have ended properly there is nothing left to reset.
    this.#stream.reset(this.#options.destroyReason ?? 'cancelled', error?.message ?? '');
    const waiting = this.#writeDone;
    this.#writeDone = undefined;
    waiting?.(error);
    done(error);
  }
}
