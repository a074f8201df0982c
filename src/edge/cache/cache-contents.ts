// What is stored, for people: the dashboard, the API, the command line. Looking costs a pass over all that is stored, in
// memory and on disk, and nothing of it is remembered.
import { ageMs, freshForMs } from '#http/cache/freshness.ts';
import type { Clock } from '#base/clock.ts';
import type { CachedQuery, CachedResponse } from '#model/live/cached.ts';
import type { CacheEntry } from './cache-entry.ts';
import type { DiskRecord } from './disk/disk-record.ts';
import type { DiskStore } from './disk/disk-store.ts';

/** A part of a list, and how long the whole is. */
export interface Contents {
  readonly total: number;
  readonly items: readonly CachedResponse[];
}

export interface ContentsSources {
  readonly entries: Iterable<CacheEntry>;
  /** The entry in memory for the same requests. */
  readonly inMemory: (record: DiskRecord) => CacheEntry | undefined;
  readonly disk: DiskStore | undefined;
  readonly clock: Clock;
}

type Stored = CacheEntry | DiskRecord;

/** The page of what matches. */
export function listContents(sources: ContentsSources, query: CachedQuery): Contents {
  const { host, search, offset, limit, sort } = query;
  const found: Stored[] = [];
  const consider = (stored: Stored): void => {
    if (host !== undefined && stored.host !== host) return;
    if (search !== undefined && !isNamedBy(stored, search)) return;
    found.push(stored);
  };
  for (const entry of sources.entries) if (entry.part === undefined) consider(entry);
  for (const record of sources.disk?.records() ?? []) if (!sources.inMemory(record)) consider(record);
  const items = found
    .sort(orders[sort])
    .slice(offset, offset + limit)
    .map((stored) => describe(stored, sources));
  return { total: found.length, items };
}

function isNamedBy(stored: Stored, search: string): boolean {
  return stored.url.includes(search) || tagsOf(stored).some((tag) => tag.includes(search));
}

const orders: Readonly<Record<CachedQuery['sort'], (a: Stored, b: Stored) => number>> = {
  newest: (a, b) => b.storedWallMs - a.storedWallMs,
  largest: (a, b) => bytesOf(b) - bytesOf(a),
  hits: (a, b) => hitsOf(b) - hitsOf(a),
  url: (a, b) => (a.url < b.url ? -1 : 1),
};

function isRecord(stored: Stored): stored is DiskRecord {
  return 'freshUntilWallMs' in stored;
}

function bytesOf(stored: Stored): number {
  return isRecord(stored) ? stored.bodyBytes : stored.body.length;
}

function hitsOf(stored: Stored): number {
  return isRecord(stored) ? 0 : stored.hits;
}

function tagsOf(stored: Stored): readonly string[] {
  return isRecord(stored) ? stored.tags : stored.facts.tags;
}

function describe(stored: Stored, { disk, clock }: ContentsSources): CachedResponse {
  const common = {
    url: stored.url,
    status: stored.status,
    bytes: bytesOf(stored),
    storedAtMs: stored.storedWallMs,
    hits: hitsOf(stored),
    tags: [...tagsOf(stored)],
    variant: stored.variant,
  };
  if (isRecord(stored)) {
    const wallMs = clock.wallMs();
    return {
      ...common,
      contentType: stored.contentType,
      place: 'disk',
      ageMs: Math.max(0, wallMs - stored.storedWallMs),
      freshForMs: stored.freshUntilWallMs - wallMs,
    };
  }
  const nowMs = clock.nowMs();
  return {
    ...common,
    contentType: stored.facts.contentType,
    place: stored.body.isOnDisk ? 'disk' : disk?.same(stored) ? 'both' : 'memory',
    ageMs: ageMs(stored.freshness, nowMs),
    freshForMs: freshForMs(stored.freshness, nowMs),
  };
}
