// What each key is good for at a moment.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type AccessKeyRing,
  dueKinds,
  keysOf,
  openingKeys,
  prunedRing,
  publishedAheadMs,
  publishedKeys,
  signingKey,
} from './access-keys.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;
const ageMs = 90 * dayMs;

const passage = (signsFromMs: number, name: string) => ({
  key: name.padEnd(44, '='),
  madeAtMs: signsFromMs - publishedAheadMs,
  signsFromMs,
});
const assertion = (signsFromMs: number, id: string) => ({
  ...{ id: id.padEnd(8, '-'), algorithm: 'ES256' as const, pem: '' },
  ...{ madeAtMs: signsFromMs - publishedAheadMs, signsFromMs },
});

const t0 = 1_000 * dayMs;
const ring: AccessKeyRing = {
  passage: [passage(t0, 'old'), passage(t0 + ageMs, 'new')],
  assertion: [assertion(t0, 'old'), assertion(t0 + ageMs, 'new')],
};

test('the next key is published from when it is made, signs from its time on, and the one before stays published for a day', () => {
  const keys = keysOf(ring, 'ES256');
  const at = (ms: number): [string | undefined, string[]] => [
    signingKey(keys, ms)?.id.replaceAll('-', ''),
    publishedKeys(keys, ms).map(({ id }) => id.replaceAll('-', '')),
  ];
  assert.deepEqual(at(t0 + ageMs - dayMs), ['old', ['old', 'new']]);
  assert.deepEqual(at(t0 + ageMs - 1), ['old', ['old', 'new']]);
  assert.deepEqual(at(t0 + ageMs), ['new', ['old', 'new']]);
  assert.deepEqual(at(t0 + ageMs + dayMs - 1), ['new', ['old', 'new']]);
  assert.deepEqual(at(t0 + ageMs + dayMs), ['new', ['new']]);
  assert.deepEqual(at(0), ['old', ['old', 'new']], 'a clock that was set back signs with the first');
});

test('what an old passage key signed opens as long as a cookie lives; share links as long as they may', () => {
  const names = (use: 'link' | 'short', ms: number): string[] =>
    openingKeys(ring.passage, use, ms).map(({ key }) => key.replaceAll('=', ''));
  const changed = t0 + ageMs;
  assert.deepEqual(
    names('short', t0),
    ['old', 'new'],
    'an edge whose clock is ahead has signed with the next',
  );
  assert.deepEqual(names('short', changed + 12 * hourMs), ['old', 'new']);
  assert.deepEqual(names('short', changed + 13 * hourMs), ['new']);
  assert.deepEqual(names('link', changed + 300 * dayMs), ['old', 'new']);
  assert.deepEqual(names('link', changed + 367 * dayMs), ['new']);
});

test('a new key is due a day before the old one is as old as it may get, and once', () => {
  const single = { passage: [ring.passage[0]!], assertion: [ring.assertion[0]!] };
  assert.deepEqual(dueKinds(single, t0 + ageMs - dayMs - 1, ageMs), []);
  assert.deepEqual(dueKinds(single, t0 + ageMs - dayMs, ageMs), ['passage', 'ES256']);
  assert.deepEqual(dueKinds(ring, t0 + ageMs - dayMs, ageMs), []);
  assert.deepEqual(dueKinds(ring, t0 + 2 * ageMs - dayMs, ageMs), ['passage', 'ES256']);
});

test('whatever the times: something signs, what signs is published and opens, and pruning takes nothing away that is', () => {
  const times = fc
    .uniqueArray(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 6 })
    .map((days) => days.toSorted((a, b) => a - b).map((day) => day * dayMs));
  fc.assert(
    fc.property(times, times, fc.integer({ min: 0, max: 4_000 * dayMs }), (ofPassage, ofAssertion, nowMs) => {
      const any: AccessKeyRing = {
        passage: ofPassage.map((ms, i) => passage(ms, `p${i}`)),
        assertion: ofAssertion.map((ms, i) => assertion(ms, `a${i}`)),
      };
      const pruned = prunedRing(any, nowMs);
      const signs = signingKey(any.assertion, nowMs)!;
      assert.ok(publishedKeys(any.assertion, nowMs).includes(signs));
      assert.deepEqual(publishedKeys(pruned.assertion, nowMs), publishedKeys(any.assertion, nowMs));
      assert.ok(openingKeys(any.passage, 'short', nowMs).includes(signingKey(any.passage, nowMs)!));
      for (const use of ['link', 'short'] as const)
        assert.deepEqual(openingKeys(pruned.passage, use, nowMs), openingKeys(any.passage, use, nowMs));
      assert.equal(signingKey(pruned.passage, nowMs), signingKey(any.passage, nowMs));
      assert.equal(signingKey(pruned.assertion, nowMs), signs);
    }),
  );
});
