import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatencyHistogram } from './latency-histogram.ts';

/** The value at `share` of a sorted list, as the histogram defines it. */
function exact(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(1, Math.ceil(share * sorted.length)) - 1]!;
}

test('any percentile of any latencies is told within a bucket: 7 % or a microsecond', () => {
  const latency = fc.oneof(
    fc.double({ min: 0, max: 5, noNaN: true }),
    fc.double({ min: 0, max: 1_000_000, noNaN: true }),
  );
  fc.assert(
    fc.property(
      fc.array(latency, { minLength: 1, maxLength: 300 }),
      fc.constantFrom(0.5, 0.95, 0.99, 1),
      (values, share) => {
        const histogram = new LatencyHistogram();
        for (const value of values) histogram.add(value);
        const wanted = exact(values, share);
        const got = histogram.percentile(share);
        assert.ok(Math.abs(got - wanted) <= Math.max(0.001, wanted * 0.07), `${got} for ${wanted}`);
      },
    ),
  );
});

test('a time just below the end of a short bucket is told within 7 %, too', () => {
  const histogram = new LatencyHistogram();
  histogram.add(0.0179);
  assert.ok(Math.abs(histogram.percentile(1) - 0.0179) <= 0.07 * 0.0179);
});

test('nothing counted has no percentile; clearing forgets; merging adds', () => {
  const one = new LatencyHistogram();
  const two = new LatencyHistogram();
  assert.ok(Number.isNaN(one.percentile(0.5)));
  one.add(10);
  two.add(1_000);
  two.add(1_000);
  one.merge(two);
  assert.equal(one.total, 3);
  assert.ok(Math.abs(one.percentile(0.5) - 1_000) < 70);
  one.clear();
  assert.equal(one.total, 0);
  assert.ok(Number.isNaN(one.percentile(0.5)));
});

test('what is longer than half an hour, and what is less than nothing, still counts', () => {
  const histogram = new LatencyHistogram();
  histogram.add(10_000_000);
  histogram.add(-1);
  histogram.add(0);
  assert.equal(histogram.total, 3);
  assert.equal(histogram.percentile(0.5), 0);
  assert.ok(histogram.percentile(1) > 1_900_000);
});
