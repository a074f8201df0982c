import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { defaultCachePolicy, resolveCachePolicy } from '#model/routes/cache-policy.ts';
import type { CachePolicySettings } from '#model/routes/cache-policy.ts';
import { formatHttpDate } from '../http-date.ts';
import { ListFields } from '../list-fields.ts';
import { responseSettings, rulesFor } from './cache-rules.ts';
import { ageMs, freshForMs, freshnessOf, maySaveFailure, usability } from './freshness.ts';
import type { Freshness } from './freshness.ts';
import { readResponseFacts } from './response-facts.ts';

const wall = Date.UTC(2026, 10, 27, 12);
const date = (seconds: number): string => formatHttpDate(wall + seconds * 1000);

function freshness(says: readonly string[], settings?: CachePolicySettings, delayMs = 0): Freshness {
  const policy = settings === undefined ? defaultCachePolicy : resolveCachePolicy(settings);
  const facts = readResponseFacts(200, new ListFields(says), wall);
  const rules = rulesFor(policy, { path: '/', query: '', cookie: '' });
  const times = { requestMs: 1000 - delayMs, responseMs: 1000, wallMs: wall };
  return freshnessOf(facts, responseSettings(policy, rules, facts), times);
}

/** [fields, lifetime in seconds, age on arrival in seconds] */
const table: ReadonlyArray<readonly [readonly string[], number, number]> = [
  [['Cache-Control', 'max-age=60'], 60, 0],
  [['Cache-Control', 'max-age=60, s-maxage=5'], 5, 0],
  [['Cache-Control', 'max-age=60', 'Cache-Control', 's-maxage=5'], 5, 0],
  [['Cache-Control', 'max-age=0, s-maxage=5', 'Expires', date(-10)], 5, 0],
  [['Cache-Control', 'max-age=60', 'Expires', '0'], 60, 0],
  [['Expires', date(30), 'Date', date(0)], 30, 0],
  [['Expires', date(20), 'Date', date(10)], 10, 0],
  [['Expires', date(10), 'Date', 'foo'], 10, 0],
  [['Expires', date(-30), 'Date', date(0)], 0, 0],
  [['Expires', '0'], 0, 0],
  [['Expires', date(30), 'Expires', date(31)], 0, 0],
  [['Cache-Control', 'max-age=60', 'Age', '7'], 60, 7],
  [['Cache-Control', 'max-age=60', 'Age', '7, 0'], 60, 7],
  [['Cache-Control', 'max-age=60', 'Age', '7', 'Age', '0'], 60, 7],
  [['Cache-Control', 'max-age=60', 'Age', '0, 7'], 60, 0],
  [['Cache-Control', 'max-age=60', 'Age', '-7'], 60, 0],
  [['Cache-Control', 'max-age=60', 'Age', '7.0'], 60, 0],
  [['Cache-Control', 'max-age=60', 'Age', '2147483649'], 60, 2 ** 31],
  [['Cache-Control', 'max-age=60', 'Date', date(-30)], 60, 30],
  [['Cache-Control', 'max-age=60', 'Date', date(30)], 60, 0],
  [['CDN-Cache-Control', 'max-age=9', 'Cache-Control', 's-maxage=60', 'Expires', date(99)], 9, 0],
  [['CDN-Cache-Control', 's-maxage=9, max-age=7'], 7, 0],
  [['CDN-Cache-Control', 'MaX-aGe=9', 'Cache-Control', 'max-age=60'], 60, 0],
];

for (const [says, lifetime, age] of table) {
  test(`${says.join(' ')}: lives ${lifetime} s, ${age} s old`, () => {
    const { lifetimeMs, initialAgeMs } = freshness(says);
    assert.deepEqual([lifetimeMs / 1000, initialAgeMs / 1000], [lifetime, age]);
  });
}

test('the time the origin took counts as age', () => {
  assert.equal(freshness(['Cache-Control', 'max-age=60', 'Age', '5'], undefined, 2500).initialAgeMs, 7500);
});

test('a tenth of the time unchanged, at most a day, is guessed where a rule allows it', () => {
  const guess = (unchangedSeconds: number): number =>
    freshness(['Last-Modified', date(-unchangedSeconds), 'Date', date(0)], { heuristics: true }).lifetimeMs /
    1000;
  assert.equal(guess(1000), 100);
  assert.equal(guess(86_400 * 365), 86_400);
  assert.equal(guess(-5), 0);
});

test('a rule names the lifetime instead of the headers, or where they are silent', () => {
  const says = ['Cache-Control', 'max-age=60'];
  assert.equal(freshness(says, { rules: [{ ttl: '5s' }] }).lifetimeMs, 5000);
  assert.equal(freshness(says, { rules: [{ defaultTtl: '5s' }] }).lifetimeMs, 60_000);
  assert.equal(freshness([], { rules: [{ defaultTtl: '5s' }] }).lifetimeMs, 5000);
  assert.equal(freshness([], { rules: [{ ttl: '5s' }, { ttl: '7s' }] }).lifetimeMs, 7000);
});

/** [Cache-Control, policy, seconds after arrival, use, saves an error, saves unreachability] */
const uses: ReadonlyArray<readonly [string, CachePolicySettings, number, string, boolean, boolean]> = [
  ['max-age=10', {}, 9, 'fresh', true, true],
  ['max-age=10', {}, 10, 'stale', false, true],
  ['max-age=10', {}, 90_000, 'stale', false, false],
  ['max-age=10', { staleIfUnreachable: '0' }, 11, 'stale', false, false],
  ['s-maxage=10', {}, 11, 'stale', false, false],
  ['s-maxage=10', { staleIfUnreachable: '1h' }, 11, 'stale', false, true],
  ['s-maxage=10, stale-if-error=60', {}, 11, 'stale', true, true],
  ['s-maxage=10, stale-while-revalidate=60', {}, 11, 'stale-while-revalidate', false, false],
  ['max-age=10, stale-while-revalidate=5', {}, 14, 'stale-while-revalidate', false, true],
  ['max-age=10, stale-while-revalidate=5', {}, 15, 'stale', false, true],
  ['max-age=10, stale-if-error=60', {}, 69, 'stale', true, true],
  ['max-age=10, must-revalidate', {}, 11, 'stale', false, false],
  [
    'max-age=10, must-revalidate, stale-if-error=60, stale-while-revalidate=60',
    {},
    11,
    'stale',
    false,
    false,
  ],
  ['max-age=10, proxy-revalidate', { staleIfUnreachable: '1h' }, 11, 'stale', false, false],
  ['max-age=10, no-cache', {}, 1, 'stale', false, false],
  ['max-age=10', { rules: [{ staleIfError: '1m' }] }, 11, 'stale', true, true],
  ['max-age=10', { rules: [{ staleWhileRevalidate: '1m' }] }, 11, 'stale-while-revalidate', false, true],
  ['no-cache', { rules: [{ ttl: '10s', force: true }] }, 9, 'fresh', true, true],
];

for (const [control, policy, seconds, use, onError, onUnreachable] of uses) {
  test(`${control} ${JSON.stringify(policy)} after ${seconds} s: ${use}`, () => {
    const one = freshness(['Cache-Control', control], policy);
    const now = 1000 + seconds * 1000;
    assert.equal(usability(one, now), use);
    assert.equal(maySaveFailure(one, now, 'error'), onError, 'error');
    assert.equal(maySaveFailure(one, now, 'unreachable'), onUnreachable, 'unreachable');
  });
}

test('age only grows, is never negative, and what was stale never becomes fresh again', () => {
  const seconds = fc.integer({ min: -100, max: 10_000 });
  fc.assert(
    fc.property(seconds, seconds, seconds, fc.nat(10_000), fc.nat(10_000), (maxAge, age, dated, a, b) => {
      const one = freshness(['Cache-Control', `max-age=${maxAge}`, 'Age', `${age}`, 'Date', date(-dated)]);
      const [early, late] = [Math.min(a, b) * 1000, Math.max(a, b) * 1000];
      assert.ok(ageMs(one, early) >= 0 && ageMs(one, late) >= ageMs(one, early));
      if (usability(one, early) === 'stale') assert.equal(usability(one, late), 'stale');
      assert.equal(freshForMs(one, late) > 0, usability(one, late) === 'fresh');
    }),
  );
});
