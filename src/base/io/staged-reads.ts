// Reading many sockets of small messages in stages: what is read in a turn of the event loop is kept, and handled when
// every readable socket has been read (turn.ts says why). Each chunk is copied into one memory, which is small enough to
// stay in a processor's cache; long ones are handled at once, after what was kept for the same socket.
//
// As with direct-read.ts a chunk is valid until its handler returns, and a handler may still be called for what was read
// before it paused its socket. What was read from a socket that is destroyed by then is dropped.
//
// HOT: bench/bench.ts shows it.
import type { Socket } from 'node:net';
import { readDirectly } from './direct-read.ts';
import type { Turn } from './turn.ts';

/** All that is kept at a time; when it is full, it is handled. */
const memoryBytes = 65_536;

/** Longer reads are parts of transfers, which gain nothing from waiting. */
const longestBytes = 4_096;

interface Reader {
  readonly socket: Socket;
  readonly onChunk: (chunk: Buffer) => void;
  /** Chunks of it that are kept. */
  kept: number;
  /** The socket has another owner, who reads its stream. */
  isOver: boolean;
}

export class StagedReads {
  readonly #turn: Turn;
  readonly #memory = Buffer.allocUnsafeSlow(memoryBytes);
  #usedBytes = 0;
  /** What is kept, oldest first; no reader: it has been handled. */
  #readers: (Reader | undefined)[] = [];
  #chunks: Buffer[] = [];
  #isHandling = false;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Delivers every chunk of `socket` to `onChunk`, in order. Returns a function that ends it. */
  read(socket: Socket, onChunk: (chunk: Buffer) => void): () => void {
    const reader: Reader = { socket, onChunk, kept: 0, isOver: false };
    const stop = readDirectly(
      socket,
      (chunk) => this.#take(reader, chunk),
      () => this.#handleOf(reader),
    );
    return () => {
      stop();
      reader.isOver = true;
      this.#handleOf(reader);
    };
  }

  #take(reader: Reader, chunk: Buffer): void {
    if (chunk.length > longestBytes || this.#isHandling) {
      this.#handleOf(reader);
      reader.onChunk(chunk);
      return;
    }
    if (this.#usedBytes + chunk.length > memoryBytes) this.#handleAll();
    const start = this.#usedBytes;
    this.#usedBytes += chunk.length;
    this.#memory.set(chunk, start);
    this.#readers.push(reader);
    this.#chunks.push(this.#memory.subarray(start, this.#usedBytes));
    reader.kept++;
    if (this.#readers.length === 1) this.#turn.afterReads(this.#handleAll);
  }

  readonly #handleAll = (): void => {
    if (this.#isHandling) return;
    this.#isHandling = true;
    let at = 0;
    try {
      while (at < this.#readers.length) this.#handle(at++);
    } finally {
      this.#isHandling = false;
      this.#keepFrom(at);
    }
  };

  /** After a handler that threw, the others come in the next turn. */
  #keepFrom(at: number): void {
    this.#readers = this.#readers.slice(at);
    this.#chunks = this.#chunks.slice(at);
    if (this.#readers.length === 0) this.#usedBytes = 0;
    else this.#turn.afterReads(this.#handleAll);
  }

  /** What is kept for one socket, ahead of the others': more of it, its end or its next owner must not come first. */
  #handleOf(reader: Reader): void {
    for (let i = 0; reader.kept > 0 && i < this.#readers.length; i++)
      if (this.#readers[i] === reader) this.#handle(i);
  }

  #handle(at: number): void {
    const reader = this.#readers[at];
    if (reader === undefined) return;
    this.#readers[at] = undefined;
    reader.kept--;
    const chunk = this.#chunks[at]!;
    if (reader.socket.destroyed) return;
    if (reader.isOver) reader.socket.push(Buffer.from(chunk));
    else reader.onChunk(chunk);
  }
}
