import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Curve, growthOf, pictureOf } from './picture.ts';

const curve = (values: readonly number[]): Curve => ({
  name: 'memory',
  unit: 'MiB',
  points: values.map((value, i) => [i * 10, value]),
});

test('what is flat after its beginning has not grown; what climbs has', () => {
  assert.equal(growthOf(curve([10, 60, 100, 100, 100, 100, 100, 100, 100, 100]), 0.3), 0);
  assert.ok(growthOf(curve([10, 20, 30, 40, 50, 60, 70, 80, 90, 100]), 0.3) > 0.4);
  assert.equal(growthOf(curve([]), 0.3), 0);
  assert.equal(growthOf(curve([0, 0, 0, 0]), 0), 0);
});

test('the picture has a graph for each curve, with its last value', () => {
  const picture = pictureOf([curve([1, 2, 3]), { ...curve([5]), name: 'handles', unit: '' }]);
  assert.equal(picture.match(/<polyline/g)?.length, 2);
  assert.match(picture, />3 MiB</);
  assert.match(picture, />handles</);
  assert.doesNotMatch(picture, /NaN|Infinity/);
});
