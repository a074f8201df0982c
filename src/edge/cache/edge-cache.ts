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
}

/** Answers that may be on their way in at the same time, as a part of the memory; at least one object fits. */
const fillingPart = 0.5;
/** Entries that a sweep looks at in one turn of the event loop. */
const sweepBatch = 2_000;

/**
 * An answer whose request is older than this is not kept: records of purges are forgotten after as long, and it could
 * slip past them.
 */
export const longestFetchMs = 600_000;

/** One stored response, for people. */
export interface StoredResponse {
  readonly url: string;
  readonly status: number;
  readonly contentType: string;
  readonly bytes: number;
  /** Bytes charged in memory, with head and bookkeeping. */
  readonly memoryBytes: number;
  readonly storedAtMs: number;
  readonly ageMs: number;
  /** Negative once stale. */
  readonly freshForMs: number;
  readonly hits: number;
  readonly tags: readonly string[];
  /** Fields that select it, as `name:value` lines. */
  readonly variant: string;
}

export class EdgeCache implements FetchHost {
  readonly clock: Clock;
  readonly flights: Flights;
  readonly purges = new Purges();
  readonly statistics = new CacheStatistics();
  readonly #options: EdgeCacheOptions;
  /** Key to its newest entry; the others hang behind it. */
  readonly #index = new Map<string, CacheEntry>();
  /** Address to the keys that add something to it, for invalidation. */
  readonly #derived = new Map<string, Set<string>>();
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
    this.#fifo = new S3Fifo<CacheEntry>(options.memoryBytes, (entry) => {
      this.#evictions += 1;
      this.#unlist(entry);
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
    const first = this.#index.get(key);
    if (first === undefined) return undefined;
    for (let entry: CacheEntry | undefined = first; entry; entry = entry.nextVariant) {
      if (entry.part === undefined && selects(entry, fields)) return this.#checked(entry);
    }
    if (!matchesLanguage) return undefined;
    for (let entry: CacheEntry | undefined = first; entry; entry = entry.nextVariant) {
      if (entry.part === undefined && selectsByLanguage(entry, fields)) return this.#checked(entry);
    }
    return undefined;
  }

  /** A stored part that has every byte of the range. */
  selectPart(key: string, fields: Fields, range: RangeRequest): CacheEntry | undefined {
    for (let entry = this.#index.get(key); entry; entry = entry.nextVariant) {
      const { part } = entry;
      if (part === undefined || entry.body.state !== 'complete' || !selects(entry, fields)) continue;
      if (holdsRange(part, entry.body.length, range)) return this.#checked(entry);
    }
    return undefined;
  }

  /** Some entry for the key, whatever it varies by: it tells what the next one will vary by. */
  any(key: string): CacheEntry | undefined {
    return this.#index.get(key);
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
    const most = Math.max(this.#options.maxObjectBytes, this.#options.memoryBytes * fillingPart);
    return this.#fillingBytes + Math.max(0, lengthBytes) <= most;
  }

  filling(bytes: number): void {
    this.#fillingBytes += bytes;
  }

  /** Makes an entry findable; returns the one that it takes the place of. */
  list(entry: CacheEntry): CacheEntry | undefined {
    const first = this.#index.get(entry.key);
    const displaced = first && this.#displacedBy(first, entry);
    if (displaced) this.#remove(displaced);
    entry.nextVariant = this.#index.get(entry.key);
    this.#index.set(entry.key, entry);
    entry.isListed = true;
    this.#noteDerived(entry.key);
    this.#limitVariants(entry);
    return displaced;
  }

  #displacedBy(first: CacheEntry, entry: CacheEntry): CacheEntry | undefined {
    for (let old: CacheEntry | undefined = first; old; old = old.nextVariant) {
      const isSameKind = (old.part === undefined) === (entry.part === undefined);
      // What varies by other fields than it used to answers the same requests as before.
      if (isSameKind && old.variant === entry.variant) return old;
    }
    return undefined;
  }

  #limitVariants(first: CacheEntry): void {
    let count = 1;
    for (let entry: CacheEntry = first; entry.nextVariant; entry = entry.nextVariant) {
      if (++count <= maxVariants) continue;
      this.#remove(entry.nextVariant);
      return;
    }
  }

  settle(entry: CacheEntry): void {
    if (!entry.isListed) return;
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
  }

  grown(_entry: CacheEntry): void {}

  restore(entry: CacheEntry): void {
    if (entry.body.state !== 'complete' || this.purges.covers(purgeableOf(entry))) return;
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
  }

  #remove(entry: CacheEntry): void {
    this.#fifo.remove(entry);
    this.#unlist(entry);
  }

  #unlist(entry: CacheEntry): void {
    if (!entry.isListed) return;
    entry.isListed = false;
    const first = this.#index.get(entry.key)!;
    if (first === entry) {
      if (entry.nextVariant) this.#index.set(entry.key, entry.nextVariant);
      else {
        this.#index.delete(entry.key);
        this.#forgetDerived(entry.key);
      }
    } else {
      let before = first;
      while (before.nextVariant !== entry) before = before.nextVariant!;
      before.nextVariant = entry.nextVariant;
    }
    entry.nextVariant = undefined;
  }

  /** The resource at an address has changed: nothing stored for it, or on its way, is used any more. */
  invalidate(scheme: 'http' | 'https', host: string, path: string, query: string): void {
    const address = addressKey(scheme, host, path, query);
    for (const key of [address, ...(this.#derived.get(address) ?? [])]) this.#dropKey(key);
    if (this.flights.size > 0)
      this.flights.void(
        (key) => key === address || key.startsWith(`${address}\n`) || key.startsWith(`${address}\0`),
      );
  }

  #dropKey(key: string): void {
    for (let entry = this.#index.get(key); entry; entry = this.#index.get(key)) this.#remove(entry);
  }

  /** Purges one address, under both schemes; `query` '' or from '?' on. */
  purgeAddress(host: string, path: string, query: string): void {
    this.invalidate('https', host, path, query);
    this.invalidate('http', host, path, query);
  }

  /** Purges a scope at once; the memory it held is free a moment later, when the promise resolves. */
  purge(scope: PurgeScope): Promise<void> {
    this.purges.add(scope);
    return this.#sweepPurged();
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
    const entries: CacheEntry[] = [];
    for (const first of this.#index.values())
      for (let entry: CacheEntry | undefined = first; entry; entry = entry.nextVariant) entries.push(entry);
    for (let at = 0; at < entries.length; at += sweepBatch) {
      for (const entry of entries.slice(at, at + sweepBatch)) if (entry.isListed) this.#checked(entry);
      await new Promise<void>((resolve) => this.clock.after(0, resolve));
    }
    this.clock.after(longestFetchMs, () => this.purges.forget(count));
  }

  // For people.

  /** Part of what is stored, newest first within each queue; `total` counts all that match. */
  contents(page: { readonly offset: number; readonly limit: number; readonly host?: string }): {
    readonly total: number;
    readonly items: readonly StoredResponse[];
  } {
    const items: StoredResponse[] = [];
    let total = 0;
    for (const entry of this.#fifo) {
      if (page.host !== undefined && entry.host !== page.host) continue;
      if (total >= page.offset && items.length < page.limit) items.push(this.#describe(entry));
      total += 1;
    }
    return { total, items };
  }

  #describe(entry: CacheEntry): StoredResponse {
    const nowMs = this.clock.nowMs();
    const ageMs = entry.freshness.initialAgeMs + Math.max(0, nowMs - entry.freshness.receivedMs);
    return {
      url: entry.url,
      status: entry.status,
      contentType: entry.facts.contentType,
      bytes: entry.body.length,
      memoryBytes: entry.chargedBytes,
      storedAtMs: entry.storedWallMs,
      ageMs,
      freshForMs: entry.freshness.lifetimeMs - ageMs,
      hits: entry.hits,
      tags: entry.facts.tags,
      variant: entry.variant,
    };
  }

  /** Ends what is under way. */
  close(): void {
    this.#isClosed = true;
    for (const fetch of this.#fetches) fetch.stop();
    this.#fetches.clear();
  }

  #noteDerived(key: string): void {
    const end = key.indexOf('\n');
    if (end < 0) return;
    const address = key.slice(0, end);
    const keys = this.#derived.get(address);
    if (keys) keys.add(key);
    else this.#derived.set(address, new Set([key]));
  }

  #forgetDerived(key: string): void {
    const end = key.indexOf('\n');
    if (end < 0) return;
    const address = key.slice(0, end);
    const keys = this.#derived.get(address);
    keys?.delete(key);
    if (keys?.size === 0) this.#derived.delete(address);
  }
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
