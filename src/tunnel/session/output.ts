// The bytes a session has to send: frames are appended to chunks of 64 KiB, and the driver hands whole chunks to the
// transport once per turn of the event loop. HOT: every frame is copied here once, so that a turn's many small
// frames become one write (one TLS record batch, one system call) and callers may reuse their memory at once.
// Chunks are recycled when the transport is done with them, so a busy connection allocates nothing.
import { Buffer } from 'node:buffer';
import { frameHeaderBytes, writeFrameHeader } from '#wire/tunnel-frame.ts';

export const chunkBytes = 65_536;

/** Free chunks kept for reuse; more than the high-water mark's worth would only cost memory. */
const maxFreeChunks = 6;

/** A chunk on its way; `done` is made once per chunk, not per write. */
export interface OutputChunk {
  readonly memory: Buffer;
  usedBytes: number;
  /** To be called when the transport no longer needs the memory. */
  readonly done: () => void;
}

export interface OutputOptions {
  /** Called when a first frame is appended after `take` found nothing left. */
  readonly onWanted: () => void;
  /** Called when the transport is done with a chunk. */
  readonly onDone: () => void;
}

export class Output {
  readonly #options: OutputOptions;
  readonly #full: OutputChunk[] = [];
  readonly #free: OutputChunk[] = [];
  #current: OutputChunk;
  #isWanted = false;
  /** Appended and not yet reported done. */
  #waitingBytes = 0;

  constructor(options: OutputOptions) {
    this.#options = options;
    this.#current = this.#createChunk();
  }

  /** Bytes appended for which the transport has not said `done`. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  /** Appends a frame of `payload[from, to)`. */
  append(type: number, streamId: number, payload: Uint8Array, from: number, to: number): void {
    const byteCount = to - from;
    this.appendHeader(type, streamId, byteCount);
    this.#waitingBytes += byteCount;
    let at = from;
    while (at < to) {
      const chunk = this.#roomy(1);
      const end = Math.min(to, at + chunkBytes - chunk.usedBytes);
      // `set` of the whole array needs no view; the usual frame fits and is whole.
      const part = at === 0 && end === payload.length ? payload : payload.subarray(at, end);
      chunk.memory.set(part, chunk.usedBytes);
      chunk.usedBytes += end - at;
      at = end;
    }
  }

  /** Appends a frame whose payload is one 32-bit number. */
  appendUint32(type: number, streamId: number, value: number): void {
    this.appendHeader(type, streamId, 4);
    const chunk = this.#roomy(4);
    const { memory, usedBytes } = chunk;
    memory[usedBytes] = value >>> 24;
    memory[usedBytes + 1] = value >>> 16;
    memory[usedBytes + 2] = value >>> 8;
    memory[usedBytes + 3] = value;
    chunk.usedBytes = usedBytes + 4;
    this.#waitingBytes += 4;
  }

  /** Appends a header; the caller appends the payload or there is none. */
  appendHeader(type: number, streamId: number, payloadBytes: number): void {
    const chunk = this.#roomy(frameHeaderBytes);
    writeFrameHeader(chunk.memory, chunk.usedBytes, type, streamId, payloadBytes);
    chunk.usedBytes += frameHeaderBytes;
    this.#waitingBytes += frameHeaderBytes;
    this.want();
  }

  /** Asks for a flush although nothing may have been appended yet. */
  want(): void {
    if (this.#isWanted) return;
    this.#isWanted = true;
    this.#options.onWanted();
  }

  /** From here on a frame asks for a flush again. To be called as a flush begins. */
  beginFlush(): void {
    this.#isWanted = false;
  }

  /** The next chunk to give to the transport, undefined when nothing is left. */
  take(): OutputChunk | undefined {
    const next = this.#full.shift();
    if (next || this.#current.usedBytes === 0) return next;
    const last = this.#current;
    this.#current = this.#free.pop() ?? this.#createChunk();
    return last;
  }

  /** The current chunk if `byteCount` bytes fit, else a fresh one. */
  #roomy(byteCount: number): OutputChunk {
    if (this.#current.usedBytes + byteCount <= chunkBytes) return this.#current;
    this.#full.push(this.#current);
    this.#current = this.#free.pop() ?? this.#createChunk();
    return this.#current;
  }

  #createChunk(): OutputChunk {
    const chunk: OutputChunk = {
      memory: Buffer.allocUnsafeSlow(chunkBytes),
      usedBytes: 0,
      done: () => this.#recycle(chunk),
    };
    return chunk;
  }

  #recycle(chunk: OutputChunk): void {
    this.#waitingBytes -= chunk.usedBytes;
    chunk.usedBytes = 0;
    if (this.#free.length < maxFreeChunks) this.#free.push(chunk);
    this.#options.onDone();
  }
}
