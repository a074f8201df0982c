// What is stored, for people: the dashboard, the API, the command line.
import { ageMs, freshForMs } from '#http/cache/freshness.ts';
import type { CacheEntry } from './cache-entry.ts';

/** One stored response. */
export interface StoredResponse {
  readonly url: string;
  readonly status: number;
  readonly contentType: string;
  readonly bytes: number;
  /** Bytes charged in memory, with head and bookkeeping. */
  readonly memoryBytes: number;
  readonly isOnDisk: boolean;
  readonly storedAtMs: number;
  readonly ageMs: number;
  /** Negative once stale. */
  readonly freshForMs: number;
  readonly hits: number;
  readonly tags: readonly string[];
  /** Fields that select it, as `name:value` lines. */
  readonly variant: string;
}

/** Which part of a list is wanted. */
export interface ContentsPage {
  readonly offset: number;
  readonly limit: number;
  /** Only this hostname. */
  readonly host?: string;
  /** Only addresses that contain this text. */
  readonly search?: string;
}

/** A part of a list, and how long the whole is. */
export interface Contents {
  readonly total: number;
  readonly items: readonly StoredResponse[];
}

/** The page of the entries that match. */
export function listContents(entries: Iterable<CacheEntry>, page: ContentsPage, nowMs: number): Contents {
  const { offset, limit, host, search } = page;
  const items: StoredResponse[] = [];
  let total = 0;
  for (const entry of entries) {
    if (host !== undefined && entry.host !== host) continue;
    if (search !== undefined && !entry.url.includes(search)) continue;
    if (total >= offset && items.length < limit) items.push(describe(entry, nowMs));
    total += 1;
  }
  return { total, items };
}

function describe(entry: CacheEntry, nowMs: number): StoredResponse {
  return {
    url: entry.url,
    status: entry.status,
    contentType: entry.facts.contentType,
    bytes: entry.body.length,
    memoryBytes: entry.chargedBytes,
    isOnDisk: entry.body.isOnDisk,
    storedAtMs: entry.storedWallMs,
    ageMs: ageMs(entry.freshness, nowMs),
    freshForMs: freshForMs(entry.freshness, nowMs),
    hits: entry.hits,
    tags: entry.facts.tags,
    variant: entry.variant,
  };
}
