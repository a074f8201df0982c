// The caches of several processes as one: numbers are added up, and contents listed together. A response may be in more than
// one of them, and is then listed as often.
import { hitRatioOf } from '#edge/cache/cache-statistics.ts';
import type { CachedQuery, CachedResponse, CacheStatus } from '#model/live/cached.ts';

type Numbers = CacheStatus['total'];

/** As many as a single cache tells of. */
const mostHosts = 100;

/** The sum of all. */
export function mergedCacheStatus(all: readonly CacheStatus[]): CacheStatus {
  const [first, ...others] = all;
  if (others.length === 0) return first!;
  const hosts = Map.groupBy(
    all.flatMap((one) => one.hosts),
    ({ host }) => host,
  );
  const disks = all.flatMap(({ disk }) => (disk ? [disk] : []));
  return {
    isOn: first!.isOn,
    total: sumOf(all.map(({ total }) => total)),
    hosts: [...hosts]
      .map(([host, parts]) => ({ host, ...sumOf(parts) }))
      .toSorted((a, b) => countOf(b) - countOf(a))
      .slice(0, mostHosts),
    memory: addUp(all.map(({ memory }) => memory)),
    disk: disks.length === 0 ? null : addUp(disks),
  };
}

/** One page of all that is listed; each list holds its own first ones up to the end of the page. */
export function mergedContents(
  lists: readonly { readonly total: number; readonly items: readonly CachedResponse[] }[],
  { offset, limit, sort }: CachedQuery,
): { total: number; items: CachedResponse[] } {
  const items = lists.flatMap((list) => list.items).toSorted(orders[sort]);
  return {
    total: lists.reduce((sum, { total }) => sum + total, 0),
    items: items.slice(offset, offset + limit),
  };
}

const orders: Readonly<Record<CachedQuery['sort'], (a: CachedResponse, b: CachedResponse) => number>> = {
  newest: (a, b) => b.storedAtMs - a.storedAtMs,
  largest: (a, b) => b.bytes - a.bytes,
  hits: (a, b) => b.hits - a.hits,
  url: (a, b) => (a.url < b.url ? -1 : a.url > b.url ? 1 : 0),
};

function sumOf(parts: readonly Numbers[]): Numbers {
  const requests: Record<string, number> = {};
  for (const part of parts)
    for (const [word, count] of Object.entries(part.requests)) requests[word] = (requests[word] ?? 0) + count;
  return {
    requests,
    savedBytes: parts.reduce((sum, { savedBytes }) => sum + savedBytes, 0),
    hitRatio: hitRatioOf(Object.entries(requests)),
  };
}

function countOf({ requests }: Numbers): number {
  return Object.values(requests).reduce((sum, count) => sum + count, 0);
}

function addUp<T extends Record<string, number>>(parts: readonly T[]): T {
  const sum: Record<string, number> = {};
  for (const part of parts)
    for (const [key, value] of Object.entries(part)) sum[key] = (sum[key] ?? 0) + value;
  return sum as T;
}
