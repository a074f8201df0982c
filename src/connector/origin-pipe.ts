// Carries the bytes of one stream to one origin socket and back. HOT: everything that is served through a tunnel runs
// through `onData` and `readInto`; per chunk there is one write and nothing is wrapped.
//
// Backpressure: bytes for the origin are given back as credit once the socket has room again; when the tunnel
// has no room, the socket is not read. Each direction ends by itself (half-close), so protocols that rely on FIN work.
import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';
import { originFailure } from './origin-failure.ts';
import type { Flushable, TickFlusher } from './tick-flusher.ts';

/** What a pipe tells its owner. */
export interface PipeOwner {
  readonly flusher: TickFlusher;
  /** Once, when nothing more will happen on either side. `reason` is '' after a proper end. */
  pipeClosed(pipe: OriginPipe, reason: ResetReason | '', detail: string): void;
}

export class OriginPipe implements StreamHandler, Flushable {
  readonly stream: TunnelStream;
  readonly #owner: PipeOwner;
  #socket: Socket | undefined;
  /** `address:port`, for messages. */
  #address = '';
  /** Bytes that came before the origin was reached; bounded by the stream's window, as no credit is given for them. */
  #early: Buffer[] = [];
  /** The first chunk of this turn; it waits for others to leave with. */
  #first: Buffer | undefined;
  #isQueued = false;
  #isCorked = false;
  /** Written, but the socket has not taken it: no credit for it yet. */
  #heldBytes = 0;
  #isEnded = false;
  #isDone = false;
  /** Ends an attempt to reach the origin that is under way. */
  #cancelDial: (() => void) | undefined;

  constructor(stream: TunnelStream, owner: PipeOwner) {
    this.stream = stream;
    this.#owner = owner;
    stream.handler = this;
  }

  /** True until the stream was reset or both sides have ended. */
  get isActive(): boolean {
    return !this.#isDone;
  }

  /** `cancel` is called when the stream goes away before `attach` or `fail`. */
  dialing(cancel: () => void): void {
    this.#cancelDial = cancel;
  }

  /** The origin is reached. `readsInto`: the socket delivers through `readInto` instead of 'data' events. */
  attach(socket: Socket, address: string, readsInto: boolean): void {
    this.#cancelDial = undefined;
    if (this.#isDone) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.#address = address;
    socket.on('drain', () => this.#onSocketDrain());
    socket.on('end', () => this.stream.end());
    socket.on('error', (error: Error) => this.#onSocketError(error));
    socket.on('close', () => this.#finish('', ''));
    if (!readsInto) socket.on('data', (chunk: Buffer) => this.#onSocketData(chunk));
    this.#writeEarly(socket);
    if (this.#isEnded) socket.end();
  }

  /** The origin could not be reached, or the rule does not allow it. */
  fail(reason: ResetReason, detail: string): void {
    if (this.#isDone) return;
    this.stream.reset(reason, detail);
    this.#finish(reason, detail);
  }

  /** Bytes from the origin in memory that is used again after this returns; false: stop reading until `onDrain`. */
  readInto(byteCount: number, memory: Buffer): boolean {
    return this.stream.write(byteCount === memory.length ? memory : memory.subarray(0, byteCount), true);
  }

  onData(chunk: Buffer): void {
    if (this.#socket === undefined) {
      this.#early.push(chunk);
    } else if (!this.#isQueued) {
      this.#isQueued = true;
      this.#first = chunk;
      this.#owner.flusher.add(this);
    } else {
      this.#cork(this.#socket);
      this.#write(this.#socket, chunk);
    }
  }

  onEnd(): void {
    this.#isEnded = true;
    this.flush();
    this.#socket?.end();
  }

  onDrain(): void {
    this.#socket?.resume();
  }

  onReset(reason: ResetReason, detail: string): void {
    this.#finish(reason === 'cancelled' ? '' : reason, detail);
  }

  /** The end of a turn: what came in it leaves now. */
  flush(): void {
    if (!this.#isQueued) return;
    this.#isQueued = false;
    const socket = this.#socket!;
    if (this.#isCorked) {
      this.#isCorked = false;
      socket.uncork();
    } else {
      const first = this.#first!;
      this.#first = undefined;
      this.#write(socket, first);
    }
  }

  /** A second chunk in one turn: from here to the flush they are gathered by the socket. */
  #cork(socket: Socket): void {
    if (this.#isCorked) return;
    this.#isCorked = true;
    socket.cork();
    const first = this.#first!;
    this.#first = undefined;
    this.#write(socket, first);
  }

  #write(socket: Socket, chunk: Buffer): void {
    if (socket.write(chunk)) this.stream.consume(chunk.length);
    else this.#heldBytes += chunk.length;
  }

  #writeEarly(socket: Socket): void {
    const early = this.#early;
    this.#early = [];
    if (early.length > 1) socket.cork();
    for (const chunk of early) this.#write(socket, chunk);
    if (early.length > 1) socket.uncork();
  }

  #onSocketDrain(): void {
    const byteCount = this.#heldBytes;
    this.#heldBytes = 0;
    if (byteCount > 0) this.stream.consume(byteCount);
  }

  #onSocketData(chunk: Buffer): void {
    if (!this.stream.write(chunk, false)) this.#socket!.pause();
  }

  #onSocketError(error: Error): void {
    this.fail('origin-lost', originFailure(error, this.#address, 'lost').detail);
  }

  #finish(reason: ResetReason | '', detail: string): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#early = [];
    this.#first = undefined;
    this.#isQueued = false;
    this.#cancelDial?.();
    this.#cancelDial = undefined;
    if (this.#socket && !this.#socket.destroyed) this.#socket.destroy();
    // After an orderly close of the socket both directions have ended and this does nothing.
    if (this.stream.isOpen) this.stream.reset('origin-lost', `${this.#address} closed the connection`);
    this.#owner.pipeClosed(this, reason, detail);
  }
}
