// Writes stored responses to disk, one after another, behind everybody's back: into a file in tmp/, which is renamed when
// it is whole. What waits is bounded; when the disk is full or slow, responses are not written, and that is counted.
import { crc32 } from 'node:zlib';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { CacheEntry } from '../cache-entry.ts';
import { blockBytes } from '../stored-body.ts';
import type { BlockFile } from '../stored-body.ts';
import { SpillBlocks } from './block-files.ts';
import { fileName, filePath } from './disk-record.ts';
import type { DiskRecord } from './disk-record.ts';
import { encodeHeader, fileMagic } from './entry-file.ts';
import type { EntryHeader } from './entry-file.ts';
import type { FileSystem } from './file-system.ts';

/** Bodies that may wait to be written; the memory that they take is charged to the entries, not to the writer. */
const maxWaitingBytes = 32 * 1024 * 1024;
const maxWaiting = 2_000;
/** After a failure the disk is left alone for so long. */
const pauseMs = 30_000;
/** Responses that are used up sooner are not worth a file. */
const leastUsefulMs = 10_000;
/** Headers that may be appended to a file before it is left as it is. */
const maxAppendedBytes = 65_536;

export interface DiskWriterOptions {
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: FileSystem;
}

/** What the writer tells. */
export interface WriterHost {
  /** A file has its final name; returns how to read it, or undefined when it was taken away again. */
  stored(
    header: EntryHeader,
    sizes: { readonly bodyBytes: number; readonly fileBytes: number },
    entry: CacheEntry,
  ): BlockFile | undefined;
}

export class DiskWriter {
  readonly #options: DiskWriterOptions;
  readonly #host: WriterHost;
  #last: Promise<void> = Promise.resolve();
  #waiting = 0;
  #waitingBytes = 0;
  #pausedUntilMs = 0;
  #temporary = 0;
  #isClosed = false;
  /** The owner has been told that the disk takes nothing, and it has taken nothing since. */
  #isTold = false;
  readonly #made = new Set<string>();
  readonly #numbers = { written: 0, skipped: 0, failed: 0 };

  constructor(options: DiskWriterOptions, host: WriterHost) {
    this.#options = options;
    this.#host = host;
  }

  get numbers(): { readonly written: number; readonly skipped: number; readonly failed: number } {
    return this.#numbers;
  }

  keep(entry: CacheEntry): void {
    const { length } = entry.body;
    if (this.#isClosed || !isWorthAFile(entry)) return;
    if (this.#isPaused || this.#waiting >= maxWaiting || this.#waitingBytes + length > maxWaitingBytes) {
      this.#numbers.skipped += 1;
      return;
    }
    this.#waitingBytes += length;
    this.#inOrder(async () => {
      this.#waitingBytes -= length;
      const bytes = entry.isVoid ? undefined : entry.body.bytes();
      if (bytes) await this.#write(entry, bytes);
    });
  }

  async #write(entry: CacheEntry, body: Buffer): Promise<void> {
    const { files } = this.#options;
    const header = this.#headerOf(entry, checksumsOf(body));
    const tail = encodeHeader(header, body.length);
    const path = this.#temporaryPath();
    const file = await files.open(path, 'wx');
    try {
      const { bytesWritten } = await file.writev([fileMagic, body, tail]);
      if (bytesWritten < fileMagic.length + body.length + tail.length)
        throw new Error('the disk took only a part');
    } catch (error) {
      await file.close();
      await files.unlink(path).catch(() => undefined);
      throw error;
    }
    await file.close();
    await this.#finish(path, entry, { header, bodyBytes: body.length, tailBytes: tail.length });
  }

  async #finish(
    path: string,
    entry: CacheEntry,
    file: { readonly header: EntryHeader; readonly bodyBytes: number; readonly tailBytes: number },
  ): Promise<BlockFile | undefined> {
    const { files, folder } = this.#options;
    const final = filePath(folder, fileName(entry.key, entry.variant));
    const shard = final.slice(0, final.lastIndexOf('/'));
    if (!this.#made.has(shard)) await files.makeFolder(shard);
    this.#made.add(shard);
    await files.rename(path, final);
    this.#numbers.written += 1;
    this.#isTold = false;
    const fileBytes = fileMagic.length + file.bodyBytes + file.tailBytes;
    return this.#host.stored(file.header, { bodyBytes: file.bodyBytes, fileBytes }, entry);
  }

  spill(_entry: CacheEntry, failed: () => void): SpillBlocks | undefined {
    if (this.#isClosed || this.#isPaused) return undefined;
    return new SpillBlocks(this.#options.files, this.#temporaryPath(), (error) => {
      this.#note(error);
      failed();
    });
  }

  finishSpill(entry: CacheEntry, spill: SpillBlocks): void {
    this.#inOrder(async () => {
      const header = this.#headerOf(entry, spill.checksums);
      const tail = encodeHeader(header, entry.body.length);
      const isWhole = !entry.isVoid && (await spill.finish(tail, entry.body.length));
      if (!isWhole) return entry.body.abandon();
      const sizes = { header, bodyBytes: entry.body.length, tailBytes: tail.length };
      const blocks = await this.#finish(spill.path, entry, sizes);
      if (blocks) spill.handOver(blocks);
    });
  }

  /** Appends the entry's present header to its file. */
  update(entry: CacheEntry, record: DiskRecord): void {
    if (this.#isClosed || this.#isPaused || this.#waiting >= maxWaiting) return;
    this.#inOrder(async () => {
      if (!record.isListed) return;
      const { files, folder } = this.#options;
      const file = await files.open(filePath(folder, record.name), 'r+');
      try {
        const { size } = await file.stat();
        const { checksums } = entry;
        if (size - record.bodyBytes > maxAppendedBytes || checksums === undefined) return;
        const tail = encodeHeader(this.#headerOf(entry, checksums), record.bodyBytes);
        await file.write(tail, 0, tail.length, size);
      } finally {
        await file.close();
      }
    });
  }

  unlink(path: string): void {
    // Not counted among what waits: taking away must go on when nothing more is written.
    this.#last = this.#last.then(() => this.#options.files.unlink(path)).catch(() => undefined);
  }

  /** Resolves when all that waits now is done. */
  async idle(): Promise<void> {
    // What is written may take something else away.
    for (let last: unknown; last !== this.#last;) await (last = this.#last);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await this.idle();
  }

  get #isPaused(): boolean {
    return this.#options.clock.nowMs() < this.#pausedUntilMs;
  }

  #temporaryPath(): string {
    this.#temporary += 1;
    return `${this.#options.folder}/tmp/${this.#temporary}`;
  }

  #inOrder(work: () => Promise<void>): void {
    this.#waiting += 1;
    this.#last = this.#last
      .then(work)
      .catch((error: unknown) => this.#note(error))
      .finally(() => (this.#waiting -= 1));
  }

  /** The disk did not do it: it is left alone for a while, and the owner hears of it once until it works again. */
  #note(error: unknown): void {
    this.#numbers.failed += 1;
    const { clock, log, folder } = this.#options;
    this.#pausedUntilMs = clock.nowMs() + pauseMs;
    if (this.#isTold) return;
    this.#isTold = true;
    log.warn('A response could not be kept on disk; the cache goes on in memory and tries again later', {
      folder,
      cause: errorText(error),
    });
  }

  #headerOf(entry: CacheEntry, checksums: readonly number[]): EntryHeader {
    const { key, vary, variant, status, list, isCodable, freshness } = entry;
    const { initialAgeMs, lifetimeMs, isAlwaysValidated } = freshness;
    const { staleWhileRevalidateMs, staleIfErrorMs, staleIfUnreachableMs } = freshness;
    return {
      ...{ key, variant, status, isCodable, initialAgeMs, lifetimeMs, isAlwaysValidated },
      ...{ staleWhileRevalidateMs, staleIfErrorMs, staleIfUnreachableMs },
      ...{ vary: [...vary], list: [...list], checksums: [...checksums] },
      requestWallMs: entry.requestWallMs,
      receivedWallMs: entry.storedWallMs,
    };
  }
}

function checksumsOf(body: Buffer): number[] {
  const sums: number[] = [];
  for (let at = 0; at < body.length; at += blockBytes) sums.push(crc32(body.subarray(at, at + blockBytes)));
  return sums;
}

function isWorthAFile({ freshness, validators }: CacheEntry): boolean {
  const { lifetimeMs, staleWhileRevalidateMs, staleIfErrorMs } = freshness;
  const isValidatable = validators.etag !== '' || validators.lastModified !== '';
  return isValidatable || lifetimeMs + Math.max(staleWhileRevalidateMs, staleIfErrorMs) >= leastUsefulMs;
}
