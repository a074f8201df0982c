// Round steps and paths of charts.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { linePath, ticksUpTo, timeTicks } from './chart-scale.ts';

test('an axis has few round steps and covers its largest value', () => {
  assert.deepEqual(ticksUpTo(0), [0, 1]);
  assert.deepEqual(ticksUpTo(3), [0, 1, 2, 3]);
  assert.deepEqual(ticksUpTo(0.4), [0, 0.2, 0.4]);
  assert.deepEqual(ticksUpTo(0.4, 3, true), [0, 1]);
  for (const max of [0.7, 1, 9, 47, 1_234, 8e9]) {
    const ticks = ticksUpTo(max);
    assert.equal(ticks.length <= 4, true, `${max}: ${ticks.join()}`);
    assert.equal(ticks.at(-1)! >= max, true);
  }
});

test('times fall on round minutes', () => {
  const from = Date.UTC(2026, 0, 1, 10, 3, 20);
  for (const at of timeTicks(from, from + 3_600_000, 6)) assert.equal(new Date(at).getMinutes() % 10, 0);
  assert.equal(timeTicks(from, from + 300_000, 6).length, 5);
});

test('a line breaks where there is no value', () => {
  assert.equal(linePath([[0, 1], [1, 2], null, [3, 4], [4, 5]]), 'M0.0 1.0L1.0 2.0M3.0 4.0L4.0 5.0');
});
