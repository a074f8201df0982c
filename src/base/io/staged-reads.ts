// Reading many sockets of small messages in stages: what is read in a turn of the event loop is kept, and handled when
// every readable socket has been read (turn.ts says why). What is kept is a copy, which its handler may keep; long chunks are
// handled at once, after what was kept for the same socket, and are valid until their handler returns.
//
// As with direct-read.ts a handler may still be called for what was read before it paused its socket. What was read from a
// socket that is destroyed by then is dropped.
//
// HOT: bench/bench.ts shows it.
import type { Socket } from 'node:net';
import { readDirectly } from './direct-read.ts';
import type { Turn } from './turn.ts';

/** Most that is kept at a time; then it is handled. */
const mostBytes = 65_536;

/** Longer reads are parts of transfers, which gain nothing from waiting. */
const longestBytes = 4_096;

/** `lasts`: nobody else will write to the chunk's memory. */
type OnChunk = (chunk: Buffer, lasts: boolean) => void;

interface Reader {
  readonly socket: Socket;
  readonly onChunk: OnChunk;
  /** Chunks of it that are kept. */
  kept: number;
  /** The socket has another owner, who reads its stream. */
  isOver: boolean;
}

export class StagedReads {
  readonly #turn: Turn;
  #keptBytes = 0;
  /** What is kept, oldest first; no reader: it has been handled. */
  #readers: (Reader | undefined)[] = [];
  #chunks: Buffer[] = [];
  #isHandling = false;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Delivers every chunk of `socket` to `onChunk`, in order. Returns a function that ends it. */
  read(socket: Socket, onChunk: OnChunk): () => void {
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
      reader.onChunk(chunk, false);
      return;
    }
    if (this.#keptBytes + chunk.length > mostBytes) this.#handleAll();
    this.#keptBytes += chunk.length;
    const own = Buffer.allocUnsafe(chunk.length);
    own.set(chunk);
    this.#readers.push(reader);
    this.#chunks.push(own);
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
    if (this.#readers.length === 0) this.#keptBytes = 0;
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
    if (reader.isOver) reader.socket.push(chunk);
    else reader.onChunk(chunk, true);
  }
}
