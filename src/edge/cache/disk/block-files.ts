// Bodies that are not in memory: blocks read from a finished file, each judged by its checksum, and blocks written to a new
// one while they come in.
import { crc32 } from 'node:zlib';
import { blockBytes } from '../stored-body.ts';
import type { BlockFile } from '../stored-body.ts';
import { blockOffset, fileMagic } from './entry-file.ts';
import type { FileSystem, OpenFile } from './file-system.ts';
import type { OpenFiles } from './open-files.ts';

/** Blocks of a file that stay in memory after they were read, for others who read the same. */
const keptBlocks = 4;

type Done = (block: Buffer | undefined) => void;

/** A finished file. */
export class ReadBlocks implements BlockFile {
  readonly #openFiles: OpenFiles;
  readonly #path: string;
  readonly #bodyBytes: number;
  readonly #checksums: readonly number[];
  readonly #broken: () => void;
  readonly #kept = new Map<number, Buffer>();
  readonly #reading = new Map<number, Done[]>();

  /** `broken` is called when a block is not what was written. */
  constructor(
    openFiles: OpenFiles,
    file: { readonly path: string; readonly bodyBytes: number; readonly checksums: readonly number[] },
    broken: () => void,
  ) {
    this.#openFiles = openFiles;
    this.#path = file.path;
    this.#bodyBytes = file.bodyBytes;
    this.#checksums = file.checksums;
    this.#broken = broken;
  }

  write(): void {
    throw new Error('a finished file is not written to');
  }

  read(index: number, done: Done): void {
    const kept = this.#kept.get(index);
    if (kept) return done(kept);
    const others = this.#reading.get(index);
    if (others) return void others.push(done);
    this.#reading.set(index, [done]);
    void this.#fetch(index).then((block) => {
      const waiting = this.#reading.get(index)!;
      this.#reading.delete(index);
      if (block) this.#keep(index, block);
      else this.#broken();
      for (const each of waiting) each(block);
    });
  }

  async #fetch(index: number): Promise<Buffer | undefined> {
    const length = Math.min(blockBytes, this.#bodyBytes - index * blockBytes);
    try {
      const block = await this.#openFiles.read(this.#path, blockOffset(index), length);
      return block.length === length && crc32(block) === this.#checksums[index] ? block : undefined;
    } catch {
      return undefined;
    }
  }

  #keep(index: number, block: Buffer): void {
    this.#kept.set(index, block);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= keptBlocks) return;
      this.#kept.delete(oldest);
    }
  }

  release(): void {}
}

interface Write {
  readonly index: number;
  readonly block: Buffer;
  readonly written: () => void;
}

/** A new file, written block by block; a block can be read back as soon as it is written. */
export class SpillBlocks implements BlockFile {
  readonly #files: FileSystem;
  readonly path: string;
  readonly checksums: number[] = [];
  readonly #lengths: number[] = [];
  readonly #failed: (error: unknown) => void;
  readonly #queue: Write[] = [];
  #file: OpenFile | undefined;
  #isWriting = false;
  #isFailed = false;
  #isReleased = false;
  #idle: (() => void) | undefined;
  /** After it is finished: reads go here. */
  #finished: BlockFile | undefined;

  /** `failed` is called once, when the disk takes no more. */
  constructor(files: FileSystem, path: string, failed: (error: unknown) => void) {
    this.#files = files;
    this.path = path;
    this.#failed = failed;
  }

  /** Bytes that are not on disk yet. */
  get waitingBytes(): number {
    return this.#queue.length * blockBytes;
  }

  write(index: number, block: Buffer, written: () => void): void {
    if (this.#isFailed || this.#isReleased) return;
    this.checksums[index] = crc32(block);
    this.#lengths[index] = block.length;
    this.#queue.push({ index, block, written });
    if (!this.#isWriting) void this.#writeAll();
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true;
    try {
      if (!this.#file) {
        this.#file = await this.#files.open(this.path, 'wx+');
        await this.#file.write(fileMagic, 0, fileMagic.length, 0);
      }
      for (let next = this.#queue[0]; next && !this.#isReleased; next = this.#queue[0]) {
        const { bytesWritten } = await this.#file.write(
          next.block,
          0,
          next.block.length,
          blockOffset(next.index),
        );
        if (bytesWritten < next.block.length) throw new Error('the disk took only a part of a block');
        this.#queue.shift();
        next.written();
      }
    } catch (error) {
      this.#isFailed = true;
      this.#queue.length = 0;
      this.#failed(error);
    }
    this.#isWriting = false;
    // It was given up meanwhile, perhaps before there was a file.
    if (this.#isReleased) this.#discard();
    this.#idle?.();
  }

  read(index: number, done: Done): void {
    if (this.#finished) return this.#finished.read(index, done);
    const file = this.#file;
    const length = this.#lengths[index];
    if (!file || length === undefined) return done(undefined);
    const out = Buffer.allocUnsafeSlow(length);
    file.read(out, 0, length, blockOffset(index)).then(
      ({ bytesRead }) => done(bytesRead === length && crc32(out) === this.checksums[index] ? out : undefined),
      () => done(undefined),
    );
  }

  /** Writes the header behind a body of `bodyBytes`; false when the disk did not take all of it. */
  async finish(header: Buffer, bodyBytes: number): Promise<boolean> {
    if (this.#isWriting) await new Promise<void>((resolve) => (this.#idle = resolve));
    if (this.#isFailed || !this.#file) return false;
    try {
      const { bytesWritten } = await this.#file.write(header, 0, header.length, fileMagic.length + bodyBytes);
      if (bytesWritten < header.length) throw new Error('the disk took only a part of the header');
      return true;
    } catch (error) {
      this.#failed(error);
      return false;
    }
  }

  /** The file has its final name; whoever reads goes on there. */
  handOver(finished: BlockFile): void {
    this.#finished = finished;
    const file = this.#file;
    this.#file = undefined;
    // Reads under way finish first.
    void file?.close().catch(() => undefined);
  }

  /** Gives the file up, if it is not finished. */
  release(): void {
    if (this.#isReleased || this.#finished) return;
    this.#isReleased = true;
    this.#queue.length = 0;
    if (!this.#isWriting) this.#discard();
  }

  #discard(): void {
    void this.#file?.close().catch(() => undefined);
    this.#file = undefined;
    void this.#files.unlink(this.path).catch(() => undefined);
  }
}
