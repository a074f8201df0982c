// Output to one socket, gathered in pooled buffers: many small pieces leave as one write, and nothing that is written
// need be kept by the caller. While a write is under way what follows waits here; who writes on although he was asked to
// wait is bounded by the window of the stream his bytes come from.
//
// HOT: a small response is composed in place and leaves without an allocation.
import type { Socket } from 'node:net';
import type { BufferPool } from './buffer-pool.ts';
import { SocketWriter } from './socket-writer.ts';
import type { Flushable, TurnFlusher } from './turn-flusher.ts';

/** As much as one write takes: four TLS records. */
export const gatherBytes = 65_536;

/**
 * Size of the buffers of the pool: room for the longest message head (64 KiB from an origin, and the edge's lines), and
 * for `gatherBytes`.
 */
export const gatherBufferBytes = 81_920;

/** More than this accepted and not yet sent asks the writer to wait; what Node's own streams hold. */
const highWaterBytes = 65_536;

/** Bytes that last and are so many are not copied. */
const wholeBytes = 16_384;

/** So much that was not copied leaves without waiting for a flush. */
const enoughBytes = 131_072;

/**
 * Most that leaves as one write, if it is in several pieces: what is enough, and a head. A TLS write takes a turn of the event loop,
 * so two cost more than to join what they hold; but a client that does not read has it all waiting for him, encrypted.
 */
const mostAtOnceBytes = enoughBytes + 16_384;

/** A flush of this much in the midst of a transfer waits for the end of the turn: more is likely on its way. */
const eagerBytes = 8_192;

export interface GatherWriterOptions {
  /** Of buffers of `gatherBufferBytes`. */
  readonly pool: BufferPool;
  /** Flushes at the end of a turn of the event loop. */
  readonly flusher: TurnFlusher;
  /** After `write` returned false: there is room again. */
  readonly onDrain: () => void;
  /** Some of what a waiting writer wrote has been taken, not yet all. */
  readonly onProgress?: () => void;
}

/** What is ready to leave. */
interface Ready {
  readonly bytes: Uint8Array;
  /** The buffer of the pool that it is in, if it is in one. */
  readonly memory: Buffer | undefined;
}

export class GatherWriter implements Flushable {
  readonly #socket: Socket;
  readonly #options: GatherWriterOptions;
  readonly #writer: SocketWriter;
  /** Being filled, up to `#used`. */
  #memory: Buffer | undefined;
  #used = 0;
  /** Full, oldest first. */
  #filled: Ready[] | undefined;
  /** Given to the system, which still reads it. */
  #held: Buffer | undefined;
  #heldPieces: readonly Ready[] | undefined;
  /** Accepted and not yet sent. */
  #queuedBytes = 0;
  #sendingBytes = 0;
  #isFlushDue = false;
  #isFlushPlanned = false;
  #needsDrain = false;
  #afterAll: (() => void) | undefined;

  constructor(socket: Socket, options: GatherWriterOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#writer = new SocketWriter(socket, () => this.#onReady());
  }

  /** True from a `write` that returned false until `onDrain`. */
  get needsDrain(): boolean {
    return this.#needsDrain;
  }

  /** Bytes that the system has not taken yet. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** What was written last is still to leave, and the connection ends by itself then. */
  get isEnding(): boolean {
    return this.#afterAll !== undefined;
  }

  /** Memory with room for `byteCount` bytes from `offset` on, to be filled in place; `advance` tells how far. */
  room(byteCount: number): Buffer {
    if (this.#memory !== undefined && this.#used + byteCount > gatherBufferBytes) this.#closeBuffer();
    return (this.#memory ??= this.#options.pool.take());
  }

  get offset(): number {
    return this.#used;
  }

  /** The memory is filled up to `end`. */
  advance(end: number): void {
    this.#queuedBytes += end - this.#used;
    this.#used = end;
  }

  /**
   * Takes a copy of the bytes, unless they last: stay as they are for as long as anybody holds them. They leave with the next
   * `flush`, or when enough has been gathered. False: wait for `onDrain`.
   */
  write(bytes: Uint8Array, lasts = false): boolean {
    if (lasts && bytes.length >= wholeBytes) this.#add(bytes);
    else this.#copy(bytes);
    // Only while a write is under way is there anything to wait for.
    if (this.#queuedBytes > highWaterBytes && this.#writer.isBusy) this.#needsDrain = true;
    return !this.#needsDrain;
  }

  #add(bytes: Uint8Array): void {
    if (this.#used > 0) this.#closeBuffer();
    (this.#filled ??= []).push({ bytes, memory: undefined });
    this.#queuedBytes += bytes.length;
    if (this.#queuedBytes >= enoughBytes) this.#sendNext();
  }

  #copy(bytes: Uint8Array): void {
    let at = 0;
    while (at < bytes.length) {
      const memory = this.room(1);
      const end = Math.min(bytes.length, at + gatherBufferBytes - this.#used);
      memory.set(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end), this.#used);
      this.advance(this.#used + end - at);
      at = end;
      if (this.#used >= gatherBytes) {
        this.#closeBuffer();
        this.#sendNext();
      }
    }
  }

  /** What is gathered leaves now, or right after the write that is under way. */
  flush(): void {
    this.#isFlushPlanned = false;
    if (this.#used === 0 && this.#filled === undefined) return;
    this.#isFlushDue = true;
    this.#sendNext();
  }

  /** What is gathered leaves at the end of the turn, with what others have. */
  flushSoon(): void {
    if (this.#isFlushPlanned) return;
    this.#isFlushPlanned = true;
    this.#options.flusher.add(this);
  }

  /** As `flush`, in the midst of a transfer: much waits for the end of the turn, little does not. */
  flushPart(): void {
    if (this.#used < eagerBytes) this.flush();
    else this.flushSoon();
  }

  /** Ends our side of the connection after all that was written. */
  end(): void {
    this.whenSent(() => this.#socket.end());
  }

  /** Closes the connection after all that was written. */
  endAndDestroy(): void {
    this.whenSent(() => this.#socket.destroySoon());
  }

  /** Runs `run` once nothing is waiting and no write is under way; nothing may be written any more. The last call counts. */
  whenSent(run: () => void): void {
    this.#afterAll = run;
    this.flush();
    this.#settle();
  }

  /** Forgets what is gathered, unless it was to leave with this turn; the connection is being cut. */
  discard(): void {
    if (this.#isFlushPlanned) this.flush();
    const { pool } = this.#options;
    if (this.#memory) pool.give(this.#memory);
    this.#free(this.#filled ?? []);
    this.#memory = undefined;
    this.#filled = undefined;
    this.#used = 0;
    this.#queuedBytes = this.#sendingBytes;
    this.#isFlushDue = false;
  }

  #closeBuffer(): void {
    const memory = this.#memory!;
    (this.#filled ??= []).push({ bytes: this.#options.pool.start(memory, this.#used), memory });
    this.#memory = undefined;
    this.#used = 0;
  }

  #sendNext(): void {
    while (!this.#writer.isBusy) {
      if (this.#filled !== undefined) this.#sendFilled(this.#filled);
      else if (this.#isFlushDue && this.#used > 0) this.#sendGathered();
      else break;
      if (!this.#writer.isBusy) this.#sent();
    }
  }

  #sendGathered(): void {
    const memory = this.#memory!;
    const used = this.#used;
    this.#memory = undefined;
    this.#used = 0;
    this.#isFlushDue = false;
    this.#sendingBytes = used;
    this.#writer.send(this.#options.pool.start(memory, used));
    if (this.#writer.holdsMemory) this.#held = memory;
    else this.#options.pool.give(memory);
  }

  /** As many pieces as may go at once, oldest first. */
  #sendFilled(filled: Ready[]): void {
    if (this.#isFlushDue && this.#used > 0) {
      this.#closeBuffer();
      this.#isFlushDue = false;
    }
    const count = this.#writer.takesMany ? countAtOnce(filled) : 1;
    const pieces = filled.splice(0, count);
    if (filled.length === 0) this.#filled = undefined;
    this.#sendingBytes = byteCount(pieces);
    if (count === 1) this.#writer.send(pieces[0]!.bytes);
    else this.#writer.sendMany(pieces.map(({ bytes }) => bytes));
    if (this.#writer.holdsMemory) this.#heldPieces = pieces;
    else this.#free(pieces);
  }

  #free(pieces: readonly Ready[]): void {
    for (const { memory } of pieces) if (memory) this.#options.pool.give(memory);
  }

  #sent(): void {
    this.#queuedBytes -= this.#sendingBytes;
    this.#sendingBytes = 0;
  }

  #onReady(): void {
    this.#sent();
    if (this.#held) this.#options.pool.give(this.#held);
    this.#held = undefined;
    if (this.#heldPieces) this.#free(this.#heldPieces);
    this.#heldPieces = undefined;
    if (this.#socket.destroyed) this.discard();
    // Who waits for room has nothing to add before there is some.
    if (this.#needsDrain) this.#isFlushDue = true;
    if (this.#needsDrain && this.#queuedBytes > 0) this.#options.onProgress?.();
    this.#sendNext();
    this.#settle();
  }

  #settle(): void {
    if (this.#writer.isBusy || this.#queuedBytes > 0) return;
    const run = this.#afterAll;
    if (run) {
      this.#afterAll = undefined;
      run();
    } else if (this.#needsDrain) {
      this.#needsDrain = false;
      this.#options.onDrain();
    }
  }
}

function byteCount(pieces: readonly Ready[]): number {
  let sum = 0;
  for (const { bytes } of pieces) sum += bytes.length;
  return sum;
}

function countAtOnce(pieces: readonly Ready[]): number {
  let sum = pieces[0]!.bytes.length;
  let count = 1;
  while (count < pieces.length && (sum += pieces[count]!.bytes.length) <= mostAtOnceBytes) count++;
  return count;
}
