import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCacheControl, parseTargetedCacheControl, type CacheControl } from './cache-control.ts';

const nothing = parseCacheControl('');

/** [text, what differs from no directive at all] */
const table: ReadonlyArray<readonly [string, Partial<CacheControl>]> = [
  ['', {}],
  ['max-age=3600', { maxAgeSeconds: 3600 }],
  ['MaX-aGe=3600', { maxAgeSeconds: 3600 }],
  ['max-age="3600"', { maxAgeSeconds: 3600 }],
  ['max-age=003600', { maxAgeSeconds: 3600 }],
  ['max-age=99999999999', { maxAgeSeconds: 2 ** 31 }],
  ['max-age=-3600', { maxAgeSeconds: 0 }],
  ["max-age='3600'", { maxAgeSeconds: 0 }],
  ['max-age=3600.0', { maxAgeSeconds: 0 }],
  ['max-age=a3600', { maxAgeSeconds: 0 }],
  ['max-age=3600a', { maxAgeSeconds: 0 }],
  ['max-age= 3600', { maxAgeSeconds: 0 }],
  ['max-age', { maxAgeSeconds: 0 }],
  ['max-age=', { maxAgeSeconds: 0 }],
  ['max-age=1800, max-age=1', { maxAgeSeconds: 1800 }],
  ['extension="max-age=3600", max-age=1', { maxAgeSeconds: 1 }],
  ['max-age=1, extension="max-age=3600"', { maxAgeSeconds: 1 }],
  ['extension="a\\"b, no-store", max-age=1', { maxAgeSeconds: 1 }],
  ['extension="never ends, max-age=3600', {}],
  ['foobar, max-age=3600', { maxAgeSeconds: 3600 }],
  [' , ,max-age=5 ,, s-maxage=7', { maxAgeSeconds: 5, sMaxAgeSeconds: 7 }],
  ['private', { isPrivate: true }],
  ['private="Set-Cookie, X-User"', { heldBackFields: ['set-cookie', 'x-user'] }],
  ['no-cache="a", no-cache', { heldBackFields: ['a'] }],
  ['no-cache, no-store, must-revalidate', { noCache: true, noStore: true, mustRevalidate: true }],
  ['public, proxy-revalidate, no-transform', { isPublic: true, proxyRevalidate: true, noTransform: true }],
  ['must-understand, no-store', { mustUnderstand: true, noStore: true }],
  ['max-age=1, stale-while-revalidate=4', { maxAgeSeconds: 1, staleWhileRevalidateSeconds: 4 }],
  ['stale-if-error=60', { staleIfErrorSeconds: 60 }],
  ['max-stale', { maxStaleSeconds: Infinity }],
  ['max-stale=10, min-fresh=5', { maxStaleSeconds: 10, minFreshSeconds: 5 }],
  ['only-if-cached', { onlyIfCached: true }],
];

for (const [text, differs] of table) {
  test(`Cache-Control: ${text}`, () => {
    assert.deepEqual(parseCacheControl(text), { ...nothing, ...differs });
  });
}

/** [text, what differs, or undefined where Cache-Control has the say] */
const targeted: ReadonlyArray<readonly [string, Partial<CacheControl> | undefined]> = [
  ['max-age=3600', { maxAgeSeconds: 3600 }],
  ['foobar, max-age=3600', { maxAgeSeconds: 3600 }],
  ['foo', {}],
  ['no-store', { noStore: true }],
  ['no-store=?0, max-age=5', { maxAgeSeconds: 5 }],
  ['no-cache="a, b"', { heldBackFields: ['a', 'b'] }],
  ['max-age="3600"', { maxAgeSeconds: 0 }],
  ['max-age=3600.0', { maxAgeSeconds: 0 }],
  ['max-age=-5', { maxAgeSeconds: 0 }],
  ['max-age=1, max-age=2', { maxAgeSeconds: 2 }],
  ['MaX-aGe=3600', undefined],
  ['max-age=10000, &&&&&', undefined],
  ['', undefined],
];

for (const [text, differs] of targeted) {
  test(`CDN-Cache-Control: ${text}`, () => {
    assert.deepEqual(parseTargetedCacheControl(text), differs && { ...nothing, ...differs });
  });
}

test('directives after any text that is no quoted string are still found', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^[^"]{0,30}$/), (before) => {
      assert.equal(parseCacheControl(`${before}, no-store`).noStore, true);
    }),
  );
});

test('every number of seconds is read, and none is negative', () => {
  fc.assert(
    fc.property(fc.integer({ min: -10, max: 2 ** 40 }), (n) => {
      const { maxAgeSeconds } = parseCacheControl(`max-age=${n}`);
      assert.equal(maxAgeSeconds, Math.min(Math.max(n, 0), 2 ** 31));
    }),
  );
});
