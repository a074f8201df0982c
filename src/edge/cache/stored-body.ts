// The bytes of one response while they come in and after: in blocks of one size, so that any offset is found at once.
// Whoever needs them reads at a pace of his own; the bytes are there once, however many readers there are.
//
// Bytes are copied in: what a stream hands over is a slice of a larger buffer, which would be kept alive by it.

/** Size of a block; also of a block on disk. Large enough to be one TLS write of four records. */
export const blockBytes = 65_536;

/** Somebody who reads a body. */
export interface BodyListener {
  /** Offset of the next byte it needs. */
  readonly position: number;
  /** There may be more to read, or the body has ended. */
  wake(): void;
  /** It is too far behind a body that is not kept. */
  drop(reason: string): void;
}

/** Where blocks go that do not stay in memory; see disk-body.ts. */
export interface BlockFile {
  /** Takes a block that is full or the last; the block must stay in memory until `written`. */
  write(index: number, block: Buffer, written: () => void): void;
  /** Fetches a block; undefined when it cannot be had or is not what was written. */
  read(index: number, done: (block: Buffer | undefined) => void): void;
  /** Bytes that were handed over and are not written yet. */
  readonly waitingBytes?: number;
  /** Nobody needs the file here any more. */
  release(): void;
}

export type BodyState = 'growing' | 'complete' | 'failed';

export class StoredBody {
  readonly #blocks: Array<Buffer | undefined> = [];
  readonly #listeners = new Set<BodyListener>();
  #file: BlockFile | undefined;
  #written: (() => void) | undefined;
  #isAbandoned = false;
  #length = 0;
  /** Blocks before this one are gone for good; only while nothing is kept. */
  #firstBlock = 0;
  #state: BodyState = 'growing';
  /** The final length, -1 while it is unknown. */
  expectedLength: number;
  /** Why it failed. */
  failure = '';

  constructor(expectedLength = -1) {
    this.expectedLength = expectedLength;
  }

  /** A whole body that is in memory already. */
  static of(bytes: Buffer): StoredBody {
    const body = new StoredBody(bytes.length);
    for (let at = 0; at < bytes.length; at += blockBytes)
      body.#blocks.push(bytes.subarray(at, Math.min(bytes.length, at + blockBytes)));
    body.#length = bytes.length;
    body.#state = 'complete';
    return body;
  }

  /** A whole body on disk. */
  static onDisk(length: number, file: BlockFile): StoredBody {
    const body = new StoredBody(length);
    body.#file = file;
    body.#length = length;
    body.#state = 'complete';
    return body;
  }

  /** Bytes so far. */
  get length(): number {
    return this.#length;
  }

  get state(): BodyState {
    return this.#state;
  }

  get isOnDisk(): boolean {
    return this.#file !== undefined;
  }

  /** Bytes that wait to be written to the file. */
  get waitingBytes(): number {
    return this.#file?.waitingBytes ?? 0;
  }

  /** Bytes that are in memory now. */
  get memoryBytes(): number {
    let sum = 0;
    for (const block of this.#blocks) sum += block?.length ?? 0;
    return sum;
  }

  get listeners(): ReadonlySet<BodyListener> {
    return this.#listeners;
  }

  /** Adds bytes and wakes the readers. */
  append(chunk: Buffer): void {
    let taken = 0;
    while (taken < chunk.length) {
      const index = Math.floor(this.#length / blockBytes);
      const offset = this.#length - index * blockBytes;
      const block = (this.#blocks[index] ??= this.#newBlock(index));
      const count = Math.min(chunk.length - taken, block.length - offset);
      if (count === 0) throw new RangeError('more bytes than the body was said to have');
      chunk.copy(block, offset, taken, taken + count);
      taken += count;
      this.#length += count;
      if (offset + count === blockBytes) this.#spill(index);
    }
    this.#wakeAll();
  }

  #newBlock(index: number): Buffer {
    const left = this.expectedLength < 0 ? blockBytes : this.expectedLength - index * blockBytes;
    return Buffer.allocUnsafeSlow(Math.max(0, Math.min(blockBytes, left)));
  }

  /** The body is whole. */
  finish(): void {
    this.#state = 'complete';
    this.expectedLength = this.#length;
    const last = Math.floor(this.#length / blockBytes);
    const used = this.#length - last * blockBytes;
    const block = this.#blocks[last];
    if (block && used < block.length) {
      // The tail of a block that was made for more would be kept for nothing.
      this.#blocks[last] = used === 0 ? undefined : Buffer.from(block.subarray(0, used));
    }
    if (used > 0) this.#spill(last);
    this.#wakeAll();
  }

  /** No more bytes will come, and the body is not whole. */
  fail(reason: string): void {
    if (this.#state !== 'growing') return;
    this.#state = 'failed';
    this.failure = reason;
    this.#wakeAll();
  }

  /** From now on full blocks go to the file, and leave memory when they are written; `written` is told of each. */
  spillTo(file: BlockFile, written: () => void): void {
    this.#file = file;
    this.#written = written;
    const full = Math.floor(this.#length / blockBytes);
    for (let index = 0; index < full; index++) this.#spill(index);
  }

  #spill(index: number): void {
    const block = this.#blocks[index];
    if (!this.#file || !block) return;
    this.#file.write(index, block, () => {
      this.#blocks[index] = undefined;
      this.#written?.();
    });
  }

  /**
   * Bytes from `offset` to the end of their block, undefined when there are none (yet) or they must be loaded first. Stays
   * valid: blocks are only ever written behind their end. HOT.
   */
  view(offset: number): Buffer | undefined {
    if (offset >= this.#length) return undefined;
    const index = Math.floor(offset / blockBytes);
    const block = this.#blocks[index];
    if (block === undefined) return undefined;
    const from = offset - index * blockBytes;
    const to = Math.min(block.length, this.#length - index * blockBytes);
    return from === 0 && to === block.length ? block : block.subarray(from, to);
  }

  /** Fetches the block at `offset` from the file; `listener` is handed it once, by `give`. */
  load(offset: number, listener: BodyListener, give: (bytes: Buffer | undefined) => void): void {
    const index = Math.floor(offset / blockBytes);
    if (!this.#file || index < this.#firstBlock) return give(undefined);
    this.#file.read(index, (block) => {
      if (!this.#listeners.has(listener)) return;
      give(block?.subarray(offset - index * blockBytes));
    });
  }

  listen(listener: BodyListener): void {
    this.#listeners.add(listener);
  }

  unlisten(listener: BodyListener): void {
    this.#listeners.delete(listener);
    if (this.#isAbandoned && this.#listeners.size === 0) this.#file?.release();
  }

  /** How far the foremost reader is; -1 without any. */
  get foremost(): number {
    let most = -1;
    for (const { position } of this.#listeners) if (position > most) most = position;
    return most;
  }

  /** How far the hindmost reader is; the length without any. */
  get hindmost(): number {
    let least = this.#length;
    for (const { position } of this.#listeners) if (position < least) least = position;
    return least;
  }

  /** Forgets blocks that every present reader has passed; for a body that is not kept. */
  forgetRead(): void {
    const until = Math.floor(this.hindmost / blockBytes);
    for (; this.#firstBlock < until; this.#firstBlock++) this.#blocks[this.#firstBlock] = undefined;
  }

  /** All bytes; only for a whole body in memory. */
  bytes(): Buffer | undefined {
    const blocks = this.#blocks.slice(0, Math.ceil(this.#length / blockBytes));
    if (this.#state !== 'complete' || blocks.includes(undefined)) return undefined;
    return blocks.length === 1 ? blocks[0]! : Buffer.concat(blocks as Buffer[], this.#length);
  }

  /** Nobody will find it any more: its file goes with the last of the present readers. */
  abandon(): void {
    this.#isAbandoned = true;
    if (this.#listeners.size === 0) this.#file?.release();
  }

  /** Lets go of the file; present readers fail at the next block they need. */
  release(): void {
    this.#file?.release();
  }

  #wakeAll(): void {
    for (const listener of this.#listeners) listener.wake();
  }
}
