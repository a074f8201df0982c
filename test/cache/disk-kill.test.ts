// kill -9 while the cache writes: whatever is found afterwards is whole, and nothing half written is left lying about. And a
// disk that is really full (a small tmpfs), through a real edge: it costs hits, never answers.
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { ListFields } from '#http/list-fields.ts';
import type { CacheEntry } from '#edge/cache/cache-entry.ts';
import { DiskStore } from '#edge/cache/disk/disk-store.ts';
import { realFileSystem } from '#edge/cache/disk/file-system.ts';
import { EdgeCache } from '#edge/cache/edge-cache.ts';
import { Purges } from '#edge/cache/purges.ts';
import { eventually } from '../support/eventually.ts';
import { answerText, startCacheWorld } from './cache-world.ts';
import { bodyOf, keyOf, openStore } from './disk-filler.ts';

let folder: string;
before(() => void (folder = mkdtempSync(join(tmpdir(), 'sallyport-cache-kill-'))));
after(() => rmSync(folder, { recursive: true, force: true }));

const filesIn = (where: string): string[] =>
  (readdirSync(where, { recursive: true }) as string[]).filter((name) => /^..\/.{32}$/.test(name));

/** All that a store over the folder finds, by number. */
async function found(store: DiskStore): Promise<Map<number, CacheEntry>> {
  const entries = new Map<number, CacheEntry>();
  for (let number = 0; number < 200; number++) {
    const record = store.select(keyOf(number), new ListFields([]));
    const entry =
      record && (await new Promise<CacheEntry | undefined>((resolve) => store.load(record, resolve)));
    if (entry) entries.set(number, entry);
  }
  return entries;
}

test(
  'killed by SIGKILL in the middle of writing, again and again: all that is found is whole',
  { timeout: 240_000 },
  async () => {
    for (let round = 1; round <= 5; round++) {
      const filler = spawn(process.execPath, [join(import.meta.dirname, 'disk-filler.ts'), folder], {
        stdio: 'inherit',
      });
      const ended = once(filler, 'exit');
      try {
        const enough = filesIn(folder).length + 5;
        await eventually('it writes', () => filesIn(folder).length >= enough);
      } finally {
        filler.kill('SIGKILL');
        await ended;
      }
      const store = await openStore(folder);
      try {
        await store.scanned;
        const entries = await found(store);
        assert.ok(entries.size >= 5, `round ${round}: ${entries.size}`);
        for (const [number, { body }] of entries)
          assert.ok(body.bytes()?.equals(bodyOf(number)), String(number));
        assert.deepEqual(readdirSync(join(folder, 'tmp')), [], 'nothing half written is left');
      } finally {
        await store.close();
      }
    }
  },
);

test('a disk that is really full costs hits and no answers', { timeout: 120_000 }, async (context) => {
  const disk = join(folder, 'small');
  mkdirSync(disk);
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', disk]).status !== 0) {
    // Users without the right to mount have the same from a file system that says ENOSPC (disk-store.test.ts).
    context.diagnostic('no tmpfs can be mounted here; the full disk was not tried');
    return;
  }
  try {
    const purges = new Purges();
    const store = await DiskStore.open({
      ...{
        folder: join(disk, 'cache'),
        limitBytes: 64 << 20,
        memoryObjectBytes: 1 << 20,
        clock: systemClock,
      },
      ...{ log: silentLog, files: realFileSystem, purges },
    });
    const memory = { memoryBytes: 8 << 20, maxObjectBytes: 1 << 20 };
    const world = await startCacheWorld({
      cache: new EdgeCache({ clock: systemClock, ...memory, disk: store, purges }),
    });
    try {
      await world.begin(({ requestLine }) =>
        answerText({ 'Cache-Control': 'max-age=600' }, requestLine.padEnd(50_000, '.')),
      );
      const paths = Array.from({ length: 30 }, (_, i) => `/${i}`);
      for (const path of paths) assert.match(await world.see(path), new RegExp(`^MISS GET ${path} `));
      await store.idle();
      const { written, failed, skipped } = store.numbers;
      assert.ok(failed > 0 && written > 0, JSON.stringify({ written, failed, skipped }));
      for (const path of paths) assert.match(await world.see(path), new RegExp(`^HIT GET ${path} `));
    } finally {
      await world.close();
    }
  } finally {
    spawnSync('umount', ['--lazy', disk]);
  }
});
