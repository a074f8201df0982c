import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memoryStore } from './memory-store.ts';
import { oneOfEach, sampleChange } from './sample-objects.ts';

test('a store in memory keeps objects, each store its own, and is gone when closed', async () => {
  const [one, other] = [await memoryStore(), await memoryStore()];
  assert.equal(await one.commit(sampleChange(0, { puts: oneOfEach })), 1);
  assert.equal((await one.load()).objects.length, oneOfEach.length);
  assert.equal((await other.load()).objects.length, 0);
  await one.close();
  await other.close();
});
