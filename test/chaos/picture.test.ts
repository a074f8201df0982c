import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Curve, growthOf, isBeyond, pictureOf } from './picture.ts';

const curve = (values: readonly number[]): Curve => ({
  name: 'memory',
  unit: 'MiB',
  points: values.map((value, i) => [i * 10, value]),
});

test('what is flat after its beginning has not grown; what climbs has', () => {
  assert.equal(growthOf(curve([10, 60, 100, 100, 100, 100, 100, 100, 100, 100]), 0.3).part, 0);
  assert.ok(growthOf(curve([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]), 0.3).part > 0.4);
  assert.deepEqual(growthOf(curve([]), 0.3), { part: 0, more: 0 });
  assert.equal(growthOf(curve([0, 0, 0, 0]), 0).part, 0);
});

test('a few more of a few are no growth, and many more are', () => {
  const allowed = { part: 0.15, more: 10 };
  assert.ok(!isBeyond(growthOf(curve([6, 6, 9, 6]), 0), allowed));
  assert.ok(!isBeyond(growthOf(curve([1000, 1000, 1100, 1100]), 0), allowed));
  assert.ok(isBeyond(growthOf(curve([6, 9, 30, 40]), 0), allowed));
});

test('the picture has a graph for each curve, with its last value', () => {
  const picture = pictureOf([curve([1, 2, 3]), { ...curve([5]), name: 'handles', unit: '' }]);
  assert.equal(picture.match(/<polyline/g)?.length, 2);
  assert.match(picture, />3 MiB</);
  assert.match(picture, />handles</);
  assert.doesNotMatch(picture, /NaN|Infinity/);
});
