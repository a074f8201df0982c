import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatDuration, parseDuration } from './duration.ts';

const cases: readonly [text: string, ms: number | undefined][] = [
  ['30s', 30_000],
  ['1m30s', 90_000],
  ['1.5h', 5_400_000],
  ['250ms', 250],
  ['.5s', 500],
  ['5.s', 5_000],
  ['10us', 0.01],
  ['10µs', 0.01],
  ['100ns', 0.0001],
  ['0', 0],
  ['-3s', -3_000],
  ['+3s', 3_000],
  ['30', undefined],
  ['', undefined],
  ['s', undefined],
  ['.s', undefined],
  ['1d', undefined],
  ['1 s', undefined],
  ['1s ', undefined],
  ['300000000000h', undefined],
];

for (const [text, ms] of cases) {
  test(`a duration "${text}" is ${ms === undefined ? 'refused' : `${ms} ms`}`, () => {
    assert.equal(parseDuration(text), ms);
  });
}

test('durations are printed as Go prints them', () => {
  const printed = [0, 250, 1_500, 90_000, 7_200_000, 3_661_000, 0.01, -1_000].map(formatDuration);
  assert.deepEqual(printed, ['0s', '250ms', '1.5s', '1m30s', '2h0m0s', '1h1m1s', '10µs', '-1s']);
});

test('whole milliseconds survive being printed and read', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), (ms) => {
      assert.ok(Math.abs(parseDuration(formatDuration(ms))! - ms) < 0.001);
    }),
  );
});
