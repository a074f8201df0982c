// Bounded memory through a real edge: a scan over many pages, as a crawler makes it, leaves the pages that people ask for.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answerText, startCacheWorld } from './cache-world.ts';

test('a crawler’s scan stays within the bytes and leaves the working set', { timeout: 120_000 }, async () => {
  const world = await startCacheWorld({ memoryBytes: 1 << 20, maxObjectBytes: 256 << 10 });
  try {
    await world.begin(({ requestLine }) =>
      answerText({ 'Cache-Control': 'max-age=600' }, requestLine.padEnd(10_000, '.')),
    );
    const wordAt = async (path: string): Promise<string> => (await world.see(path)).split(' ')[0]!;
    const popular = Array.from({ length: 20 }, (_, i) => `/popular/${i}`);
    for (let round = 0; round < 3; round++) for (const path of popular) await wordAt(path);
    for (let i = 0; i < 300; i++) {
      assert.equal(await wordAt(`/scan/${i}`), 'MISS');
      assert.ok(world.cache.memoryBytes <= world.cache.memoryLimitBytes);
    }
    assert.ok(world.cache.evictions >= 200, String(world.cache.evictions));
    for (const path of popular) assert.equal(await wordAt(path), 'HIT', path);
  } finally {
    await world.close();
  }
});
