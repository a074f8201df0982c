// The cache as its owner sees it: numbers, contents, and purges in the words of people (addresses, not keys).
import type { CachePolicy } from '#model/routes/cache-policy.ts';
import type { CachePurge, CacheStatus } from '#model/live/cached.ts';
import { rulesFor, requestSettings } from '#http/cache/cache-rules.ts';
import { reduceQuery } from '#http/cache/query.ts';
import { parseOriginForm, type RequestTarget } from '#http/request-target.ts';
import { innerTargetOf } from '../own-requests/inner-request.ts';
import type { CacheNumbers } from './cache-statistics.ts';
import type { EdgeCache } from './edge-cache.ts';

/** Hostnames that are told of. */
const maxHosts = 100;

/** What the cache has done and what it takes; of an edge without one, zeros. */
export function cacheStatusOf(cache: EdgeCache | undefined): CacheStatus {
  if (!cache) return offStatus;
  const { statistics, disk } = cache;
  const hosts = statistics.hosts.map(([host, numbers]) => ({ host, ...numbers }));
  return {
    isOn: true,
    total: statistics.total,
    hosts: hosts.sort((a, b) => sum(b) - sum(a)).slice(0, maxHosts),
    memory: {
      bytes: cache.memoryBytes,
      limitBytes: cache.memoryLimitBytes,
      entries: cache.entryCount,
      evictions: cache.evictions,
    },
    disk: disk
      ? { bytes: disk.bytes, limitBytes: disk.limitBytes, entries: disk.count, ...disk.numbers }
      : null,
  };
}

const offStatus: CacheStatus = {
  isOn: false,
  total: { requests: {}, savedBytes: 0, hitRatio: 0 },
  hosts: [],
  memory: { bytes: 0, limitBytes: 0, entries: 0, evictions: 0 },
  disk: null,
};

function sum({ requests }: CacheNumbers): number {
  return Object.values(requests).reduce((all, count) => all + count, 0);
}

/**
 * Takes out what a purge names; in force at once, done when nothing is left of it. `policyOf` tells how the route of an
 * address counts its query.
 * @throws SallyportError 'invalid' for an address that no client could ask for
 */
export async function purgeCache(
  cache: EdgeCache,
  purge: CachePurge,
  policyOf: (host: string, path: string) => CachePolicy | undefined,
): Promise<void> {
  switch (purge.kind) {
    case 'all':
      return await cache.purge({ kind: 'all' });
    case 'tag':
      return await cache.purge({ kind: 'tag', tag: purge.tag });
    case 'host':
      return await cache.purge({ kind: 'host', host: targetOf(purge.host).host });
    case 'prefix': {
      const paths = new Set(spellingsOf(purge.url).map(({ path }) => path));
      const { host } = targetOf(purge.url);
      for (const path of paths) await cache.purge({ kind: 'prefix', host, path });
      return;
    }
    case 'url': {
      const { host } = targetOf(purge.url);
      for (const { path, query } of spellingsOf(purge.url)) {
        const policy = policyOf(host, path);
        const counted = policy ? countedQuery(policy, path, query) : query;
        for (const each of new Set([query, counted])) await cache.purgeAddress(host, path, each);
      }
    }
  }
}

/** An address as people write it, with or without its scheme. */
function targetOf(text: string): ReturnType<typeof innerTargetOf> {
  return innerTargetOf(withScheme(text));
}

function withScheme(text: string): string {
  return /^https?:\/\//i.test(text) ? text : `https://${text}`;
}

/**
 * The address as a browser would ask for it, which escapes quotes, braces and the like, and as it is written, which is
 * how other clients ask and how the contents list it. The two are stored apart.
 */
function spellingsOf(text: string): RequestTarget[] {
  const asked = targetOf(text);
  const [, path = '', query = ''] = /^https?:\/\/[^/?#]*([^?#]*)(\?[^#]*)?/i.exec(withScheme(text))!;
  try {
    const written = parseOriginForm(`${path === '' ? '/' : path}${query}`);
    const isSame = written.path === asked.path && written.query === asked.query;
    return isSame ? [asked] : [asked, written];
  } catch {
    // Letters that no client sends unescaped.
    return [asked];
  }
}

function countedQuery(policy: CachePolicy, path: string, query: string): string {
  const rules = rulesFor(policy, { path, query, cookie: '' });
  return reduceQuery(query, requestSettings(policy, rules).query);
}
