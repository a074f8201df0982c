// The cache of the world in memory: what a small lab's would hold after a day.
import type { CachedResponse } from '#model/live/cached.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import type { FakeWorld } from './fake-world.ts';

type CacheIds = 'getCacheStatus' | 'listCached' | 'purgeCache';

const paths = ['/', '/posts/a-quiet-week', '/assets/app.js', '/img/cover.webp', '/feed.xml'];
const hosts = ['blog.example.com', 'photos.example.com'];

/** Makes them. */
export function cacheHandlers(world: FakeWorld): Pick<Handlers, CacheIds> {
  let stored: CachedResponse[] = hosts.flatMap((host, h) =>
    paths.map((path, i) => ({
      url: `https://${host}${path}`,
      status: 200,
      contentType: path.endsWith('.webp') ? 'image/webp' : 'text/html; charset=utf-8',
      bytes: 1_200 * (i + 1) ** 3 * (h + 1),
      place: i % 2 === 0 ? 'both' : 'memory',
      storedAtMs: world.startedAtMs - i * 60_000,
      ageMs: i * 60_000,
      freshForMs: (3 - i) * 120_000,
      hits: 400 >> i,
      tags: path.startsWith('/posts') ? ['posts'] : [],
      variant: '',
    })),
  );
  const numbers = { requests: { HIT: 4_211, MISS: 310, EXPIRED: 44, BYPASS: 71 }, savedBytes: 812_000_000 };
  return {
    getCacheStatus: () => ({
      isOn: true,
      total: { ...numbers, hitRatio: 0.92 },
      hosts: hosts.map((host, i) => ({ host, ...numbers, hitRatio: 0.95 - i * 0.2 })),
      memory: {
        bytes: stored.reduce((sum, { bytes }) => sum + bytes, 0),
        limitBytes: 67_108_864,
        entries: stored.length,
        evictions: 0,
      },
      disk: {
        ...{ bytes: 21_000_000, limitBytes: 1_073_741_824, entries: stored.length },
        ...{ hits: 12, broken: 0, written: 350, skipped: 0, failed: 0 },
      },
    }),
    listCached({ query: { search, limit } }) {
      const items = stored.filter(({ url }) => url.includes(search ?? ''));
      return { items: items.slice(0, limit), nextCursor: null, total: items.length };
    },
    purgeCache({ body: { urls, prefixes, hosts: names, tags, everything } }) {
      if (urls.some((url) => url.includes(' '))) throw new Refusal('invalid', 'This is no web address.');
      stored = stored.filter(
        ({ url, tags: own }) =>
          !everything &&
          !urls.includes(url) &&
          !prefixes.some((prefix) => url.startsWith(prefix)) &&
          !names.some((name) => url.includes(`//${name}/`)) &&
          !tags.some((tag) => own.includes(tag)),
      );
      return { purged: everything ? ['everything'] : [...urls, ...prefixes, ...names, ...tags] };
    },
  };
}
