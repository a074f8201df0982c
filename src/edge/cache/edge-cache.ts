// The shared cache of one edge: what is stored, found, purged and thrown out, and the numbers about it. Memory comes
// first; what leaves it, or was there before a restart, may still be on disk (disk-store.ts).
//
// One object for all routes: keys carry scheme and host. Routes bring their policies (cache-handler.ts).
import type { Clock } from '#base/clock.ts';
import type { Fields } from '#http/exchange.ts';
import { addressKey } from '#http/cache/cache-key.ts';
import type { CacheWord } from '#http/cache/cache-status.ts';
import type { RangeRequest } from '#http/byte-range.ts';
import type { CacheEntry } from './cache-entry.ts';
import type { FetchHost } from '../caching/cache-fetch.ts';
import type { DiskRecord } from './disk/disk-record.ts';
import type { DiskStore } from './disk/disk-store.ts';
import type { SpillBlocks } from './disk/block-files.ts';
import { KeyIndex } from './key-index.ts';
import { listContents } from './cache-contents.ts';
import type { Contents } from './cache-contents.ts';
import type { CachedQuery } from '#model/live/cached.ts';
import { CacheStatistics } from './cache-statistics.ts';
import { Flights } from './flights.ts';
import { Purges } from './purges.ts';
import type { PurgeScope } from './purges.ts';
import { S3Fifo } from './s3-fifo.ts';
import { maxVariants, selects, selectsByLanguage } from './variants.ts';

export interface EdgeCacheOptions {
  readonly clock: Clock;
  /** Room for stored responses in memory, heads and bookkeeping included. */
  readonly memoryBytes: number;
  /** Largest body that is kept. */
  readonly maxObjectBytes: number;
  /** What is kept beyond memory, with the record of purges that both halves go by. */
  readonly disk?: DiskStore;
  readonly purges?: Purges;
}

/** Answers that may be on their way in at the same time, as a part of the memory; at least one object fits. */
const fillingPart = 0.5;
/** The part of the memory that a single body may take. */
const objectPart = 0.25;
/** Bodies larger than this go to disk as they come in, where there is one: one film must not push out a thousand pages. */
export const spillBytes = 1024 * 1024;
/** Entries that a sweep looks at in one turn of the event loop. */
const sweepBatch = 2_000;

/**
 * An answer whose request is older than this is not kept: records of purges are forgotten after as long, and it could
 * slip past them.
 */
export const longestFetchMs = 600_000;

export class EdgeCache implements FetchHost {
  readonly clock: Clock;
  readonly flights: Flights;
  readonly purges: Purges;
  readonly statistics = new CacheStatistics();
  readonly #options: EdgeCacheOptions;
  readonly #index = new KeyIndex<CacheEntry>();
  readonly #disk: DiskStore | undefined;
  /** Bodies on their way to disk. */
  readonly #spills = new WeakMap<CacheEntry, SpillBlocks>();
  readonly #fifo: S3Fifo<CacheEntry>;
  readonly #fetches = new Set<{ stop(): void }>();
  #fillingBytes = 0;
  #evictions = 0;
  #refreshes = 0;
  #sweep: Promise<void> | undefined;
  #isClosed = false;

  constructor(options: EdgeCacheOptions) {
    this.#options = options;
    this.clock = options.clock;
    this.flights = new Flights(options.clock);
    this.purges = options.purges ?? new Purges();
    this.#disk = options.disk;
    this.#disk?.watch((record) => {
      const entry = this.#index.same(record);
      if (entry) this.#remove(entry);
    });
    this.#fifo = new S3Fifo<CacheEntry>(options.memoryBytes, (entry) => {
      this.#evictions += 1;
      this.#index.remove(entry);
    });
  }

  get maxObjectBytes(): number {
    return this.#options.maxObjectBytes;
  }

  get memoryBytes(): number {
    return this.#fifo.bytes + this.#fillingBytes;
  }

  get memoryLimitBytes(): number {
    return this.#options.memoryBytes;
  }

  get disk(): DiskStore | undefined {
    return this.#disk;
  }

  get entryCount(): number {
    return this.#fifo.count;
  }

  /** Questions under way that the edge asks for itself. */
  get refreshes(): number {
    return this.#refreshes;
  }

  /** Notes that such a question begins; the function notes its end. */
  refreshing(): () => void {
    this.#refreshes += 1;
    return () => void (this.#refreshes -= 1);
  }

  get evictions(): number {
    return this.#evictions;
  }

  // Finding.

  /** The whole response that the request selects, fresh or not, complete or still coming in. HOT. */
  select(key: string, fields: Fields, matchesLanguage: boolean): CacheEntry | undefined {
    const first = this.#index.first(key);
    if (first === undefined) return undefined;
    for (let entry: CacheEntry | undefined = first; entry; entry = nextOf(entry)) {
      if (entry.part === undefined && selects(entry, fields)) return this.#checked(entry);
    }
    if (!matchesLanguage) return undefined;
    for (let entry: CacheEntry | undefined = first; entry; entry = nextOf(entry)) {
      if (entry.part === undefined && selectsByLanguage(entry, fields)) return this.#checked(entry);
    }
    return undefined;
  }

  /** A stored part that has every byte of the range. */
  selectPart(key: string, fields: Fields, range: RangeRequest): CacheEntry | undefined {
    for (let entry = this.#index.first(key); entry; entry = nextOf(entry)) {
      const { part } = entry;
      if (part === undefined || entry.body.state !== 'complete' || !selects(entry, fields)) continue;
      if (holdsRange(part, entry.body.length, range)) return this.#checked(entry);
    }
    return undefined;
  }

  /** Some entry for the key, whatever it varies by: it tells what the next one will vary by. */
  any(key: string): CacheEntry | undefined {
    return this.#index.first(key);
  }

  /**
   * What is on disk and not in memory for a request: fetched, then `done`, whether it was good or not. Undefined when there
   * is nothing to wait for. HOT for edges without a disk.
   */
  fetchFromDisk(key: string, fields: Fields, done: () => void): (() => void) | undefined {
    const record = this.#disk?.select(key, fields);
    if (record === undefined) return undefined;
    let wants = true;
    const waiter = (): void => {
      if (wants) done();
    };
    if (record.waiting) record.waiting.push(waiter);
    else this.#load(record, waiter);
    return () => (wants = false);
  }

  #load(record: DiskRecord, first: () => void): void {
    const waiting = (record.waiting = [first]);
    this.#disk!.load(record, (entry) => {
      record.waiting = undefined;
      // What came in meanwhile is newer.
      if (entry && !this.#index.same(entry)) {
        this.#index.add(entry);
        this.#charge(entry);
      }
      for (const each of waiting) each();
    });
  }

  /** Purges are looked up when an entry is: HOT, one comparison while there was none. */
  #checked(entry: CacheEntry): CacheEntry | undefined {
    const { count } = this.purges;
    if (entry.purgeCount === count) return entry;
    if (this.purges.covers(purgeableOf(entry))) {
      this.drop(entry);
      return undefined;
    }
    entry.purgeCount = count;
    return entry;
  }

  /** Counts a hit, and keeps the entry for longer. HOT. */
  touch(entry: CacheEntry): void {
    entry.hits += 1;
    this.#fifo.touch(entry);
  }

  count(word: CacheWord, host: string, bodyBytes: number): void {
    this.statistics.count(word, host, bodyBytes);
  }

  // Storing.

  /** Whether there is room to take in another answer of this length (-1: unknown). */
  mayFill(lengthBytes: number): boolean {
    if (this.#isClosed) return false;
    const { memoryBytes } = this.#options;
    const inMemory = Math.min(Math.max(0, lengthBytes), this.#memoryObjectBytes);
    const most = Math.max(this.#memoryObjectBytes, memoryBytes * fillingPart);
    return this.#fillingBytes + inMemory <= most;
  }

  /** Bodies larger than this go to disk, or are not kept. */
  get #memoryObjectBytes(): number {
    return Math.min(this.#options.maxObjectBytes, this.#options.memoryBytes * objectPart);
  }

  filling(bytes: number): void {
    this.#fillingBytes += bytes;
  }

  /** Makes an entry findable; returns the one that it takes the place of. */
  list(entry: CacheEntry): CacheEntry | undefined {
    const displaced = this.#index.same(entry);
    if (displaced) this.#remove(displaced);
    this.#disk?.remove(entry);
    this.#index.add(entry);
    const excess = this.#index.excess(entry.key, maxVariants);
    if (excess) this.#remove(excess);
    return displaced;
  }

  settle(entry: CacheEntry): void {
    if (!entry.isListed) return entry.body.abandon();
    this.#charge(entry);
    const spill = this.#spills.get(entry);
    if (spill) this.#disk?.finishSpill(entry, spill);
    else this.#disk?.keep(entry);
  }

  #charge(entry: CacheEntry): void {
    entry.chargedBytes = entry.weight;
    this.#fifo.insert(entry);
  }

  /** The entry has become larger or smaller, as by another coding of its body. */
  reweigh(entry: CacheEntry): void {
    if (entry.queue !== 'none') this.#fifo.resize(entry, entry.weight);
  }

  /** The entry's head has changed. */
  updated(entry: CacheEntry): void {
    this.reweigh(entry);
    this.#disk?.update(entry);
  }

  grown(entry: CacheEntry, written: () => void): boolean {
    const { body } = entry;
    const isLarge = Math.max(body.length, body.expectedLength) > spillBytes;
    if (body.isOnDisk) return this.#spills.has(entry);
    const spill = isLarge ? this.#spill(entry, written) : undefined;
    if (spill) body.spillTo(spill, written);
    return spill !== undefined || body.length <= this.#memoryObjectBytes;
  }

  #spill(entry: CacheEntry, written: () => void): SpillBlocks | undefined {
    // The disk gives up on it: then so does the fetch, with its next bytes, for which it may be waiting.
    const spill = this.#disk?.spill(entry, () => {
      this.#spills.delete(entry);
      written();
    });
    if (spill) this.#spills.set(entry, spill);
    return spill;
  }

  restore(entry: CacheEntry): void {
    if (entry.body.state !== 'complete' || this.purges.covers(purgeableOf(entry))) return;
    entry.isVoid = false;
    this.list(entry);
    this.settle(entry);
  }

  /** A fetch that must be stopped when the cache is closed. */
  watch(fetch: { stop(): void }): () => void {
    this.#fetches.add(fetch);
    return () => this.#fetches.delete(fetch);
  }

  // Removing.

  drop(entry: CacheEntry): void {
    this.#remove(entry);
    this.#disk?.remove(entry);
  }

  #remove(entry: CacheEntry): void {
    entry.isVoid = true;
    this.#fifo.remove(entry);
    this.#index.remove(entry);
  }

  /** The resource at an address has changed: nothing stored for it, or on its way, is used any more. */
  invalidate(scheme: 'http' | 'https', host: string, path: string, query: string): void {
    const address = addressKey(scheme, host, path, query);
    for (const entry of this.#index.underAddress(address)) this.#remove(entry);
    this.#disk?.invalidate(address);
    if (this.flights.size > 0)
      this.flights.void(
        (key) => key === address || key.startsWith(`${address}\n`) || key.startsWith(`${address}\0`),
      );
  }

  /** Purges one address, under both schemes; `query` '' or from '?' on. In force at once; done when nothing is left of it. */
  async purgeAddress(host: string, path: string, query: string): Promise<void> {
    for (const scheme of ['https', 'http'] as const) {
      this.invalidate(scheme, host, path, query);
      await this.#disk?.purge({ kind: 'address', address: addressKey(scheme, host, path, query) });
    }
  }

  /** Purges a scope. In force at once; done when its memory is free and its files are gone. */
  async purge(scope: PurgeScope): Promise<void> {
    this.purges.add(scope);
    await Promise.all([this.#sweepPurged(), this.#disk?.purge(scope)]);
  }

  /** Looks through all entries for what is purged, in batches, and then forgets the records. */
  async #sweepPurged(): Promise<void> {
    const running = this.#sweep;
    if (running) await running;
    this.#sweep = this.#sweepOnce();
    await this.#sweep;
    this.#sweep = undefined;
  }

  async #sweepOnce(): Promise<void> {
    const { count } = this.purges;
    // A copy: entries come and go between the batches. Those that come were asked for later, or are checked when found.
    const entries = this.#index.all();
    for (let at = 0; at < entries.length; at += sweepBatch) {
      for (const entry of entries.slice(at, at + sweepBatch)) if (entry.isListed) this.#checked(entry);
      await new Promise<void>((resolve) => this.clock.after(0, resolve));
    }
    this.clock.after(longestFetchMs, () => this.purges.forget(count));
  }

  // For people.

  /** Part of what is stored, and how much matches. */
  contents(query: CachedQuery): Contents {
    return listContents(
      {
        entries: this.#fifo,
        inMemory: (record) => this.#index.same(record),
        disk: this.#disk,
        clock: this.clock,
      },
      query,
    );
  }

  /** Ends what is under way, and lets what is being written to disk be finished. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const fetch of this.#fetches) fetch.stop();
    this.#fetches.clear();
    await this.#disk?.close();
  }
}

function nextOf(entry: CacheEntry): CacheEntry | undefined {
  return entry.nextVariant as CacheEntry | undefined;
}

function purgeableOf(entry: CacheEntry): Parameters<Purges['covers']>[0] {
  return { host: entry.host, path: entry.path, tags: entry.facts.tags, purgeCount: entry.purgeCount };
}

function holdsRange(part: { first: number; total: number }, length: number, range: RangeRequest): boolean {
  const last = part.first + length - 1;
  if ('suffix' in range)
    return part.total >= 0 && last === part.total - 1 && part.total - range.suffix >= part.first;
  const wantedLast = part.total >= 0 ? Math.min(range.last, part.total - 1) : range.last;
  return range.first >= part.first && range.first <= last && wantedLast <= last;
}
