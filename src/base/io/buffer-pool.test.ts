import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BufferPool, emptyBufferPools, keptBuffers } from './buffer-pool.ts';

test('a few buffers serve again, what is beyond them is freed at once', () => {
  const pool = new BufferPool(8_192);
  const taken = Array.from({ length: keptBuffers + 24 }, () => pool.take());
  for (const buffer of taken) pool.give(buffer);
  const kept = taken.filter(({ length }) => length > 0);
  assert.equal(kept.length, keptBuffers + 1, 'the first and so many others');
  assert.equal(taken.filter(({ buffer }) => buffer.byteLength === 0).length, 23);
  const again = Array.from({ length: keptBuffers + 2 }, () => pool.take());
  assert.deepEqual(new Set(again.slice(0, keptBuffers + 1)), new Set(kept));
  assert.equal(again[keptBuffers + 1]!.length, 8_192, 'and none of those that were freed');
});

test('an emptied pool keeps nothing, and takes back what was in use', () => {
  const pool = new BufferPool(8_192);
  const [inUse, ...others] = Array.from({ length: 5 }, () => pool.take());
  for (const buffer of others) pool.give(buffer);
  emptyBufferPools();
  assert.deepEqual(
    others.map(({ length }) => length),
    [0, 0, 0, 0],
  );
  assert.equal(inUse!.length, 8_192);
  const next = pool.take();
  assert.equal(next.length, 8_192);
  pool.give(inUse!);
  pool.give(next);
  assert.deepEqual(new Set([pool.take(), pool.take()]), new Set([inUse, next]));
  emptyBufferPools();
  assert.equal(next.length, 8_192, 'nothing that is in use is freed');
});
