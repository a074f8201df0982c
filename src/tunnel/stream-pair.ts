// Two tunnel streams joined back to back inside one process: what one end writes, the other is told, as if a connection
// lay between them. The edge serves its own pages this way (edge/tunnels/local-connection.ts), through the path that all take.
//
// Calls of the peer come in a turn of their own, never from inside `write`, as with a real connection. Bounded by a
// window per direction: bytes that the reader has not given back stop the writer.
import { Buffer } from 'node:buffer';
import { errorText } from '#base/errors.ts';
import { pendingLimitBytes } from './session/session-stream.ts';
import type { ResetReason, StreamHandler, TunnelStream } from './stream.ts';
import { startWindowBytes } from './session/window.ts';
import { unattendedHandler } from './unattended-handler.ts';

/** Longest chunk that a reader is handed, so that the window means something; a read of TCP is as long. */
const chunkBytes = 65_536;

/** A writer with more than this before it is asked to wait. */
const highWaterBytes = 65_536;

export interface StreamPairOptions {
  readonly id: number;
  /** A handler threw, which it must not; both ends were reset. */
  readonly onFault: (error: unknown) => void;
  /** Both ends are over. */
  readonly onOver: () => void;
}

/** The two ends: `near` for whoever opens the stream, `far` for whoever serves it. */
export interface StreamPair {
  readonly near: TunnelStream;
  readonly far: TunnelStream;
  /** Tells the near end that the far one was reached. */
  opened(): void;
  /** Ends both with the same words, as when the connection below is lost. */
  lose(reason: ResetReason, detail: string): void;
}

/** Makes a pair. Handlers must be set before the caller's turn ends. */
export function streamPair(options: StreamPairOptions): StreamPair {
  const near = new PipeEnd(options);
  const far = new PipeEnd(options);
  near.join(far);
  far.join(near);
  return {
    near,
    far,
    opened: () => far.tellOpened(),
    lose(reason, detail) {
      near.lose(reason, detail);
      far.lose(reason, detail);
    },
  };
}

class PipeEnd implements TunnelStream {
  readonly id: number;
  handler: StreamHandler = unattendedHandler;
  readonly #options: StreamPairOptions;
  #peer!: PipeEnd;
  /** Written here, not yet told to the peer. */
  #pieces: Uint8Array[] = [];
  #queuedBytes = 0;
  /** Told to the peer, not yet given back. */
  #heldBytes = 0;
  #owesOpened = false;
  #owesDrain = false;
  #isOpen = true;
  #isEnding = false;
  #isEndTold = false;
  #reset: { readonly reason: ResetReason; readonly detail: string } | undefined;
  #isPumpDue = false;

  constructor(options: StreamPairOptions) {
    this.id = options.id;
    this.#options = options;
  }

  join(peer: PipeEnd): void {
    this.#peer = peer;
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isRemoteEnded(): boolean {
    return this.#peer.#isEndTold;
  }

  /** What waits here below the high-water mark counts as sent, as in a socket's own buffer. */
  get isFlushed(): boolean {
    return !this.#owesDrain;
  }

  write(chunk: Uint8Array, isScratch: boolean): boolean {
    if (!this.#isOpen || this.#isEnding || chunk.length === 0) return true;
    if (this.#queuedBytes + chunk.length > pendingLimitBytes && this.#owesDrain) {
      this.reset('internal-error', `more than ${pendingLimitBytes} bytes were written against backpressure`);
      return true;
    }
    this.#pieces.push(isScratch ? Buffer.from(chunk) : chunk);
    this.#queuedBytes += chunk.length;
    this.#wantPump();
    if (this.#queuedBytes > highWaterBytes) this.#owesDrain = true;
    return !this.#owesDrain;
  }

  end(): void {
    if (!this.#isOpen || this.#isEnding) return;
    this.#isEnding = true;
    this.#wantPump();
  }

  reset(reason: ResetReason, detail = ''): void {
    if (!this.#isOpen) return;
    this.#reset = { reason, detail };
    this.#close();
    this.#wantPump();
  }

  consume(byteCount: number): void {
    const writer = this.#peer;
    writer.#heldBytes -= Math.min(byteCount, writer.#heldBytes);
    if (writer.#pieces.length > 0) writer.#wantPump();
  }

  /** This end's peer is told that it was reached. */
  tellOpened(): void {
    this.#owesOpened = true;
    this.#wantPump();
  }

  /** The connection is gone: no word of the peer's is awaited any more. */
  lose(reason: ResetReason, detail: string): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#call((handler) => handler.onReset(reason, detail));
  }

  #wantPump(): void {
    if (this.#isPumpDue) return;
    this.#isPumpDue = true;
    process.nextTick(() => this.#pump());
  }

  /** Tells the peer what has happened here, in order, as far as its window allows. */
  #pump(): void {
    this.#isPumpDue = false;
    const peer = this.#peer;
    if (this.#owesOpened) {
      this.#owesOpened = false;
      peer.#call((handler) => handler.onOpened?.());
    }
    while (this.#pieces.length > 0 && this.#heldBytes < startWindowBytes && peer.#isOpen) {
      const piece = this.#takePiece();
      this.#heldBytes += piece.length;
      peer.#call((handler) => handler.onData(piece));
    }
    if (this.#reset) return peer.#receiveReset(this.#reset);
    if (this.#pieces.length === 0 && this.#isEnding) this.#tellEnd();
    if (this.#owesDrain && this.#isOpen && this.#queuedBytes <= highWaterBytes / 2) {
      this.#owesDrain = false;
      this.#call((handler) => handler.onDrain());
    }
  }

  #takePiece(): Buffer {
    const first = this.#pieces[0]!;
    const length = Math.min(first.length, chunkBytes);
    if (length === first.length) this.#pieces.shift();
    else this.#pieces[0] = first.subarray(length);
    this.#queuedBytes -= length;
    return Buffer.from(first.buffer, first.byteOffset, length);
  }

  #tellEnd(): void {
    const peer = this.#peer;
    if (this.#isEndTold || !peer.#isOpen) return;
    this.#isEndTold = true;
    const isOver = peer.#isEndTold;
    if (isOver) {
      this.#close();
      peer.#close();
    }
    peer.#call((handler) => handler.onEnd());
  }

  #receiveReset({ reason, detail }: { readonly reason: ResetReason; readonly detail: string }): void {
    if (!this.#isOpen) return;
    this.#close();
    this.#call((handler) => handler.onReset(reason, detail));
  }

  #close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#owesDrain = false;
    // After a reset the peer may still be told what was written before it.
    if (!this.#reset) this.#drop();
    if (!this.#peer.#isOpen) this.#options.onOver();
  }

  #drop(): void {
    this.#pieces = [];
    this.#queuedBytes = 0;
  }

  #call(run: (handler: StreamHandler) => void): void {
    try {
      run(this.handler);
    } catch (error) {
      this.#options.onFault(error);
      const wasOpen = this.#isOpen;
      this.reset('internal-error');
      if (wasOpen) this.#tellFault(error);
    }
  }

  #tellFault(error: unknown): void {
    try {
      this.handler.onReset('internal-error', errorText(error));
    } catch (again) {
      this.#options.onFault(again);
    }
  }
}
