import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { addressKey } from '#http/cache/cache-key.ts';
import { readResponseFacts } from '#http/cache/response-facts.ts';
import { ListFields } from '#http/list-fields.ts';
import { resolveCachePolicy } from '#model/routes/cache-policy.ts';
import type { CachePurge } from '#model/live/cached.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { CacheEntry } from './cache-entry.ts';
import { cacheStatusOf, purgeCache } from './cache-view.ts';
import { EdgeCache } from './edge-cache.ts';
import { StoredBody } from './stored-body.ts';

let clock: FakeClock;
let cache: EdgeCache;
beforeEach(() => {
  clock = new FakeClock();
  cache = new EdgeCache({ clock, memoryBytes: 1 << 20, maxObjectBytes: 1 << 18 });
});

function store(host: string, target: string, body = 'body', fields: readonly string[] = []): void {
  const [path, query] = target.split(/(?=\?)/) as [string, string | undefined];
  const list = ['Cache-Control', 'max-age=60', 'Content-Type', 'text/plain', ...fields];
  const entry = new CacheEntry({
    ...{ key: addressKey('https', host, path, query ?? ''), vary: [], variant: '', status: 200, list },
    ...{ part: undefined, body: StoredBody.of(Buffer.from(body)), purgeCount: cache.purges.count },
    facts: readResponseFacts(200, new ListFields(list), clock.wallMs()),
    freshness: {
      ...{ receivedMs: clock.nowMs(), initialAgeMs: 0, lifetimeMs: 60_000, isAlwaysValidated: false },
      ...{ staleWhileRevalidateMs: 0, staleIfErrorMs: 0, staleIfUnreachableMs: 0 },
    },
    requestWallMs: clock.wallMs(),
    storedWallMs: clock.wallMs(),
  });
  cache.list(entry);
  cache.settle(entry);
}

const everything = { offset: 0, limit: 100, host: undefined, search: undefined, sort: 'url' } as const;

function urls(): string[] {
  return cache.contents(everything).items.map(({ url }) => url.replace('https://', ''));
}

async function purge(what: CachePurge): Promise<void> {
  const policy = resolveCachePolicy({ query: { drop: ['utm_*'] } });
  const done = purgeCache(cache, what, (host) => (host === 'counts.test' ? policy : undefined));
  // The sweep gives way to others between its batches.
  for (let turn = 0; turn < 10; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
    clock.advance(1);
  }
  await done;
}

test('purges name addresses as people write them', async () => {
  const fill = (): void => {
    for (const target of ['/', '/a', '/a/b', '/ab', '/a?q=1']) store('a.test', target);
    store('b.test', '/a');
  };
  const cases: [CachePurge, string[]][] = [
    [
      { kind: 'url', url: 'https://A.test/a' },
      ['a.test/', 'a.test/a/b', 'a.test/a?q=1', 'a.test/ab', 'b.test/a'],
    ],
    [
      { kind: 'url', url: 'a.test/x/../a?q=1' },
      ['a.test/', 'a.test/a', 'a.test/a/b', 'a.test/ab', 'b.test/a'],
    ],
    [{ kind: 'prefix', url: 'a.test/a' }, ['a.test/', 'a.test/ab', 'b.test/a']],
    [{ kind: 'host', host: 'A.TEST' }, ['b.test/a']],
    [{ kind: 'all' }, []],
  ];
  for (const [what, left] of cases) {
    fill();
    await purge(what);
    assert.deepEqual(urls(), left, JSON.stringify(what));
  }
});

test('an address is purged as its route counts the query', async () => {
  store('counts.test', '/?page=2');
  await purge({ kind: 'url', url: 'https://counts.test/?page=2&utm_source=mail' });
  assert.deepEqual(urls(), []);
});

test('an address is purged as a browser asks for it and as it is written, which are stored apart', async () => {
  const written = ['/q?a="b"', '/{x}/y', '/e?'];
  const escaped = ['/q?a=%22b%22', '/%7Bx%7D/y', '/e'];
  const purges: CachePurge[] = [
    { kind: 'url', url: 'https://a.test/q?a="b"' },
    { kind: 'prefix', url: 'a.test/{x}' },
    { kind: 'url', url: 'a.test/e?#part' },
  ];
  for (const target of [...written, ...escaped]) store('a.test', target);
  for (const each of purges) await purge(each);
  assert.deepEqual(urls(), []);
});

test('what is no address is refused', async () => {
  await assert.rejects(
    purgeCache(cache, { kind: 'url', url: 'https://' }, () => undefined),
    /web address/,
  );
});

test('contents are searched by address and tag, sorted, and cut', () => {
  store('a.test', '/1', 'x'.repeat(10), ['Cache-Tag', 'red']);
  clock.advance(1000);
  store('a.test', '/2', 'x'.repeat(30));
  store('b.test', '/3', 'x'.repeat(20));
  const list = (query: object): string[] =>
    cache.contents({ ...everything, ...query }).items.map(({ url }) => url.slice(-1));
  assert.deepEqual(list({ sort: 'largest' }), ['2', '3', '1']);
  assert.deepEqual(list({ search: 'red' }), ['1']);
  assert.deepEqual(list({ host: 'b.test' }), ['3']);
  assert.deepEqual(list({ sort: 'largest', offset: 1, limit: 1 }), ['3']);
  const [first] = cache.contents({ ...everything, host: 'a.test' }).items;
  assert.deepEqual(
    [first!.place, first!.ageMs, first!.freshForMs, first!.tags],
    ['memory', 1000, 59_000, ['red']],
  );
});

test('the status of an edge without a cache says so, and one with it counts by hostname', () => {
  assert.equal(cacheStatusOf(undefined).isOn, false);
  cache.count('HIT', 'a.test', 100);
  cache.count('MISS', 'a.test', 0);
  cache.count('DYNAMIC', 'b.test', 0);
  const { total, hosts, disk } = cacheStatusOf(cache);
  assert.deepEqual([total.hitRatio, total.savedBytes, disk], [0.5, 100, null]);
  assert.deepEqual(
    hosts.map(({ host, hitRatio }) => [host, hitRatio]),
    [
      ['a.test', 0.5],
      ['b.test', 0],
    ],
  );
});
