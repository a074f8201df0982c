// Carries the bytes of one stream to one origin socket and back. HOT: everything that is served through a tunnel runs
// through `onData` and `#onSocketData`. What arrives in one turn leaves in one write; large transfers in writes of 64 KiB.
//
// Backpressure: bytes for the origin are given back as credit once the socket has room again; when the tunnel
// has no room, the socket is not read. Each direction ends by itself (half-close), so protocols that rely on FIN work.
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import type { BufferPool } from '#base/io/buffer-pool.ts';
import { readDirectly } from '#base/io/direct-read.ts';
import { GatherWriter } from '#base/io/gather-writer.ts';
import type { Flushable, TurnFlusher } from '#base/io/turn-flusher.ts';
import type { ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';
import { originFailure } from './origin-failure.ts';

/** What a pipe tells its owner. */
export interface PipeOwner {
  /** Flushes after the callback that is running. */
  readonly flusher: TurnFlusher;
  /** Flushes at the end of the turn. */
  readonly partFlusher: TurnFlusher;
  /** What waits for a socket is gathered in these. */
  readonly pool: BufferPool;
  /**
   * True: a stream that is cut short resets the socket. Bytes that nothing frames must not look whole; HTTP shows by itself
   * where it was cut.
   */
  readonly cutsHard: boolean;
  /** Once, when nothing more will happen on either side. `reason` is '' after a proper end. */
  pipeClosed(pipe: OriginPipe, reason: ResetReason | '', detail: string): void;
}

/** A request head of usual size. */
const smallBytes = 4_096;

export class OriginPipe implements StreamHandler, Flushable {
  readonly stream: TunnelStream;
  readonly #owner: PipeOwner;
  #socket: Socket | undefined;
  #out: GatherWriter | undefined;
  /** `address:port`, for messages. */
  #address = '';
  /** Bytes that came before the origin was reached; bounded by the stream's window, as no credit is given for them. */
  #early: Buffer[] = [];
  /**
   * The first small chunk of this turn waits for others by itself: many streams receive one small chunk each in one read,
   * and a gathering buffer for each would be a megabyte of memory to go through instead of one buffer that is hot.
   */
  #first: Buffer | undefined;
  #isQueued = false;
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

  /** The origin is reached. */
  attach(socket: Socket, address: string): void {
    this.#cancelDial = undefined;
    if (this.#isDone) {
      socket.destroy();
      return;
    }
    this.#socket = socket;
    this.#address = address;
    socket.on('end', () => this.stream.end());
    socket.on('error', (error: Error) => this.#onSocketError(error));
    socket.on('close', () => this.#finish('', ''));
    readDirectly(socket, (chunk) => this.#onSocketData(chunk));
    const { pool, partFlusher: flusher } = this.#owner;
    this.#out = new GatherWriter(socket, { pool, flusher, onDrain: () => this.#onSocketDrain() });
    this.#writeEarly(this.#out);
    if (this.#isEnded) this.#out.end();
  }

  /** The origin could not be reached, or the rule does not allow it. */
  fail(reason: ResetReason, detail: string): void {
    if (this.#isDone) return;
    this.stream.reset(reason, detail);
    this.#finish(reason, detail);
  }

  onData(chunk: Buffer): void {
    if (this.#out === undefined) {
      this.#early.push(Buffer.from(chunk));
      return;
    }
    if (this.#isQueued) {
      this.#writeFirst();
      this.#write(this.#out, chunk);
      return;
    }
    if (chunk.length <= smallBytes) this.#first = Buffer.from(chunk);
    else this.#write(this.#out, chunk);
    this.#isQueued = true;
    this.#owner.flusher.add(this);
  }

  onEnd(): void {
    this.#isEnded = true;
    this.#writeFirst();
    this.#out?.end();
  }

  onDrain(): void {
    this.#socket?.resume();
  }

  onReset(reason: ResetReason, detail: string): void {
    if (this.#owner.cutsHard) this.#socket?.resetAndDestroy();
    this.#finish(reason === 'cancelled' ? '' : reason, detail);
  }

  /** What came in one callback leaves; of a large transfer, what comes in one turn. */
  flush(): void {
    this.#isQueued = false;
    this.#writeFirst();
    this.#out?.flushPart();
  }

  #writeFirst(): void {
    const first = this.#first;
    if (first === undefined) return;
    this.#first = undefined;
    this.#write(this.#out!, first);
  }

  #write(out: GatherWriter, chunk: Buffer): void {
    if (out.write(chunk)) this.stream.consume(chunk.length);
    else this.#heldBytes += chunk.length;
  }

  #writeEarly(out: GatherWriter): void {
    const early = this.#early;
    this.#early = [];
    for (const chunk of early) this.#write(out, chunk);
    out.flush();
  }

  #onSocketDrain(): void {
    const byteCount = this.#heldBytes;
    this.#heldBytes = 0;
    if (byteCount > 0) this.stream.consume(byteCount);
  }

  #onSocketData(chunk: Buffer): void {
    if (!this.stream.write(chunk, true)) this.#socket!.pause();
  }

  #onSocketError(error: Error): void {
    this.fail('origin-lost', originFailure(error, this.#address, 'lost').detail);
  }

  #finish(reason: ResetReason | '', detail: string): void {
    if (this.#isDone) return;
    this.#isDone = true;
    this.#early = [];
    this.#first = undefined;
    this.#out?.discard();
    this.#cancelDial?.();
    this.#cancelDial = undefined;
    if (this.#socket && !this.#socket.destroyed) this.#socket.destroy();
    // After an orderly close of the socket both directions have ended and this does nothing.
    if (this.stream.isOpen) this.stream.reset('origin-lost', `${this.#address} closed the connection`);
    this.#owner.pipeClosed(this, reason, detail);
  }
}
