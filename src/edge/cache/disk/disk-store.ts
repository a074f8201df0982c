// The cache's disk half: one file for each stored response, an index of them in memory, bounded in bytes. Written behind
// the clients' backs, read when memory does not have it, found again after a restart or a kill. A disk that is full or
// broken costs hits, never answers.
//
//   folder/purges.ndjson   purges that are not through yet
//   folder/tmp/            files being written; emptied at start
//   folder/ab/ab12...      finished ones, by hash of key and variant
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Fields } from '#http/exchange.ts';
import { readResponseFacts } from '#http/cache/response-facts.ts';
import { ListFields } from '#http/list-fields.ts';
import { CacheEntry } from '../cache-entry.ts';
import { KeyIndex } from '../key-index.ts';
import type { Keyed } from '../key-index.ts';
import type { PurgeScope, Purges } from '../purges.ts';
import { S3Fifo } from '../s3-fifo.ts';
import { StoredBody } from '../stored-body.ts';
import { maxVariants, selects } from '../variants.ts';
import { ReadBlocks } from './block-files.ts';
import type { SpillBlocks } from './block-files.ts';
import { DiskRecord, fileName, filePath } from './disk-record.ts';
import { DiskWriter } from './disk-writer.ts';
import { scanFiles, readHeader } from './disk-scan.ts';
import { decodeFile } from './entry-file.ts';
import type { EntryHeader } from './entry-file.ts';
import type { FileSystem } from './file-system.ts';
import { OpenFiles } from './open-files.ts';
import { PurgeJournal } from './purge-journal.ts';

export interface DiskStoreOptions {
  readonly folder: string;
  /** Room for files. */
  readonly limitBytes: number;
  /** Larger bodies are never in memory as a whole. */
  readonly memoryObjectBytes: number;
  readonly clock: Clock;
  readonly log: Log;
  readonly files: FileSystem;
  readonly purges: Purges;
}

/** Records cost memory, about 300 bytes each. */
const maxRecords = 100_000;
/** Addresses that were voided while the scan is under way; more, and what it still finds is not believed. */
const maxVoided = 10_000;

export class DiskStore {
  readonly #options: DiskStoreOptions;
  readonly #index = new KeyIndex<DiskRecord>();
  readonly #fifo: S3Fifo<DiskRecord>;
  readonly #openFiles: OpenFiles;
  readonly #journal: PurgeJournal;
  readonly #writer: DiskWriter;
  readonly #voided = new Set<string>();
  #lost: (record: DiskRecord) => void = () => {};
  #isScanning = true;
  #isOpen = true;
  #hits = 0;
  #broken = 0;
  #scan: Promise<void> = Promise.resolve();

  private constructor(options: DiskStoreOptions) {
    this.#options = options;
    const { files, folder, limitBytes } = options;
    this.#fifo = new S3Fifo<DiskRecord>(limitBytes, (record) => this.#unlink(record));
    this.#openFiles = new OpenFiles(files);
    this.#journal = new PurgeJournal(files, `${folder}/purges.ndjson`);
    this.#writer = new DiskWriter(options, {
      stored: (header, sizes, entry) => this.#stored(header, sizes, entry),
    });
  }

  /** Opens the store and begins to look for what is there; it can be used at once. @throws when the folder cannot be made */
  static async open(options: DiskStoreOptions): Promise<DiskStore> {
    const store = new DiskStore(options);
    const { files, folder } = options;
    await files.makeFolder(folder);
    await files.clear(`${folder}/tmp`);
    await files.makeFolder(`${folder}/tmp`);
    await store.#journal.open();
    store.#scan = store.#find();
    return store;
  }

  /** `lost` is told of what turned out, while it was read, not to be what was written. */
  watch(lost: (record: DiskRecord) => void): void {
    this.#lost = lost;
  }

  /** Resolves when everything that was on disk at start is known. */
  get scanned(): Promise<void> {
    return this.#scan;
  }

  get bytes(): number {
    return this.#fifo.bytes;
  }

  get count(): number {
    return this.#fifo.count;
  }

  get limitBytes(): number {
    return this.#options.limitBytes;
  }

  /** What is on disk for the same requests. */
  same(like: Pick<Keyed, 'key' | 'variant' | 'vary' | 'part'>): DiskRecord | undefined {
    return this.#index.same(like);
  }

  /** All that is on disk. */
  records(): Iterable<DiskRecord> {
    return this.#fifo;
  }

  /** Responses that were read from disk, and what became of those that were to be written. */
  get numbers(): {
    readonly hits: number;
    /** Found torn, changed or gone when they were to be read. */
    readonly broken: number;
    readonly written: number;
    readonly skipped: number;
    readonly failed: number;
  } {
    return { hits: this.#hits, broken: this.#broken, ...this.#writer.numbers };
  }

  // Start.

  async #find(): Promise<void> {
    const { files, folder, clock } = this.#options;
    const startWallMs = clock.wallMs();
    await scanFiles({
      ...{ files, folder },
      isWanted: () => this.#isOpen,
      found: (name, { header, bodyBytes, fileBytes }) => {
        if (name !== fileName(header.key, header.variant)) return false;
        if (this.#index.same({ ...header, part: undefined })) return true;
        const record = new DiskRecord(header, { bodyBytes, fileBytes, purgeCount: 0 });
        if (this.#isVoided(record.key) || this.#journal.covers(record) || isSpent(header, clock.wallMs()))
          return false;
        this.#admit(record);
        return true;
      },
    });
    this.#isScanning = false;
    this.#voided.clear();
    if (this.#isOpen) await this.#journal.settle(startWallMs).catch(() => undefined);
  }

  #isVoided(key: string): boolean {
    if (this.#voided.size > maxVoided) return true;
    const end = key.indexOf('\n');
    return this.#voided.has(end < 0 ? key : key.slice(0, end));
  }

  #admit(record: DiskRecord): void {
    this.#index.add(record);
    const excess = this.#index.excess(record.key, maxVariants);
    if (excess) this.#remove(excess);
    this.#fifo.insert(record);
    for (const oldest of this.#fifo.count > maxRecords ? this.#fifo : []) {
      this.#remove(oldest);
      break;
    }
  }

  // Finding.

  /** The stored response that the request selects. */
  select(key: string, fields: Fields): DiskRecord | undefined {
    const first = this.#index.first(key);
    for (let record: Keyed | undefined = first; record; record = record.nextVariant) {
      if (selects(record, fields)) return this.#checked(record as DiskRecord);
    }
    return undefined;
  }

  #checked(record: DiskRecord): DiskRecord | undefined {
    const { purges } = this.#options;
    if (record.purgeCount === purges.count) return record;
    if (purges.covers(record)) {
      this.#remove(record);
      return undefined;
    }
    record.purgeCount = purges.count;
    return record;
  }

  /** Reads a response; `done` gets nothing when it is not there any more or not what was written. */
  load(record: DiskRecord, done: (entry: CacheEntry | undefined) => void): void {
    this.#fifo.touch(record);
    void this.#read(record).then((entry) => {
      // It may have been purged meanwhile.
      const isGood = entry !== undefined && record.isListed && this.#checked(record) !== undefined;
      if (entry === undefined && record.isListed) this.#lose(record);
      if (isGood) this.#hits += 1;
      done(isGood ? entry : undefined);
    });
  }

  async #read(record: DiskRecord): Promise<CacheEntry | undefined> {
    const { files, folder, memoryObjectBytes } = this.#options;
    const path = filePath(folder, record.name);
    try {
      if (record.bodyBytes > memoryObjectBytes) {
        const found = await readHeader(files, path);
        return found && this.#entryOf(found.header, record, this.#onDisk(record, found.header.checksums));
      }
      const whole = decodeFile(await files.readFile(path));
      return whole && this.#entryOf(whole.header, record, StoredBody.of(whole.body));
    } catch {
      return undefined;
    }
  }

  #onDisk(record: DiskRecord, checksums: readonly number[]): StoredBody {
    const path = filePath(this.#options.folder, record.name);
    const file = { path, bodyBytes: record.bodyBytes, checksums };
    const blocks = new ReadBlocks(this.#openFiles, file, () => this.#lose(record));
    return StoredBody.onDisk(record.bodyBytes, blocks);
  }

  #entryOf(header: EntryHeader, { purgeCount }: DiskRecord, body: StoredBody): CacheEntry | undefined {
    const { clock } = this.#options;
    const { key, vary, variant, status, list, isCodable, requestWallMs, receivedWallMs } = header;
    // The name of a file says what it is; what it says of itself must agree.
    const facts = readResponseFacts(status, new ListFields(list), receivedWallMs);
    const goneMs = Math.max(0, clock.wallMs() - receivedWallMs);
    const entry = new CacheEntry({
      ...{ key, vary, variant, status, list, facts, body, purgeCount, part: undefined },
      freshness: { ...freshnessOf(header), receivedMs: clock.nowMs() - goneMs },
      requestWallMs,
      storedWallMs: receivedWallMs,
    });
    entry.isCodable = isCodable;
    entry.checksums = header.checksums;
    return entry;
  }

  // Storing.

  /** Writes a response that is whole and in memory, when there is time. */
  keep(entry: CacheEntry): void {
    if (entry.part === undefined) this.#writer.keep(entry);
  }

  /** A file for a body that will not stay in memory; undefined when the disk is not to be troubled. */
  spill(entry: CacheEntry, failed: () => void): SpillBlocks | undefined {
    return entry.part === undefined ? this.#writer.spill(entry, failed) : undefined;
  }

  /** The body that was spilled is whole. */
  finishSpill(entry: CacheEntry, spill: SpillBlocks): void {
    this.#writer.finishSpill(entry, spill);
  }

  /** The head of a response has changed. */
  update(entry: CacheEntry): void {
    const record = this.#index.same(entry);
    if (record) this.#writer.update(entry, record);
  }

  #stored(
    header: EntryHeader,
    sizes: { readonly bodyBytes: number; readonly fileBytes: number },
    entry: CacheEntry,
  ): ReadBlocks | undefined {
    const record = new DiskRecord(header, { ...sizes, purgeCount: entry.purgeCount });
    const same = this.#index.same(record);
    // The name is the same: what stood there has been replaced.
    if (same) this.#forget(same);
    if (entry.isVoid || this.#options.purges.covers(record)) {
      this.#unlink(record);
      return undefined;
    }
    this.#admit(record);
    entry.checksums = header.checksums;
    const path = filePath(this.#options.folder, record.name);
    const file = { path, bodyBytes: record.bodyBytes, checksums: header.checksums };
    return new ReadBlocks(this.#openFiles, file, () => this.#lose(record));
  }

  // Removing.

  /** Forgets what answers the same requests. */
  remove(like: Pick<Keyed, 'key' | 'variant' | 'vary' | 'part'>): void {
    if (this.#isScanning) this.#noteVoided(like.key);
    const record = this.#index.same(like);
    if (record) this.#remove(record);
  }

  /** Forgets what is stored for an address. */
  invalidate(address: string): void {
    if (this.#isScanning) this.#noteVoided(address);
    for (const record of this.#index.underAddress(address)) this.#remove(record);
  }

  #noteVoided(key: string): void {
    const end = key.indexOf('\n');
    if (this.#voided.size <= maxVoided) this.#voided.add(end < 0 ? key : key.slice(0, end));
  }

  #lose(record: DiskRecord): void {
    this.#broken += 1;
    this.#remove(record);
    this.#lost(record);
  }

  #remove(record: DiskRecord): void {
    if (!record.isListed) return;
    this.#forget(record);
    this.#unlink(record);
  }

  #forget(record: DiskRecord): void {
    this.#fifo.remove(record);
    this.#index.remove(record);
    this.#openFiles.forget(filePath(this.#options.folder, record.name));
  }

  /** Takes the file away; its record is out of the queues already. */
  #unlink(record: DiskRecord): void {
    this.#index.remove(record);
    const path = filePath(this.#options.folder, record.name);
    this.#openFiles.forget(path);
    this.#writer.unlink(path);
  }

  /** Purges that are in force in memory already: done when their files are gone, and before that would survive a crash. */
  async purge(scope: PurgeScope | { readonly kind: 'address'; readonly address: string }): Promise<void> {
    const { clock, purges, log } = this.#options;
    const wallMs = clock.wallMs();
    try {
      await this.#journal.add(wallMs, scope);
    } catch (error) {
      log.warn(
        'A purge could not be written down; it is in force, but would not survive a crash of the edge',
        {
          cause: errorText(error),
        },
      );
    }
    for (const record of this.#index.all()) if (purges.covers(record)) this.#remove(record);
    await this.#writer.idle();
    await this.#scan;
    await this.#journal.settle(wallMs).catch(() => undefined);
  }

  /** Resolves when all that waits to be written now is on disk, or is known not to go there. */
  idle(): Promise<void> {
    return this.#writer.idle();
  }

  /** Lets what is being written be finished. */
  async close(): Promise<void> {
    this.#isOpen = false;
    await this.#writer.close();
    this.#openFiles.close();
  }
}

function freshnessOf(header: EntryHeader): Omit<CacheEntry['freshness'], 'receivedMs'> {
  const { initialAgeMs, lifetimeMs, isAlwaysValidated } = header;
  const { staleWhileRevalidateMs, staleIfErrorMs, staleIfUnreachableMs } = header;
  return {
    ...{ initialAgeMs, lifetimeMs, isAlwaysValidated },
    ...{ staleWhileRevalidateMs, staleIfErrorMs, staleIfUnreachableMs },
  };
}

/** A week after its last possible use a response is not worth its room; validators may still save a transfer till then. */
const keptStaleMs = 7 * 86_400_000;

function isSpent(header: EntryHeader, wallMs: number): boolean {
  const { initialAgeMs, receivedWallMs, lifetimeMs } = header;
  const stale = Math.max(header.staleWhileRevalidateMs, header.staleIfErrorMs, header.staleIfUnreachableMs);
  return initialAgeMs + (wallMs - receivedWallMs) > lifetimeMs + stale + keptStaleMs;
}
