import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { type FileWatch, type FileWatchOptions, watchFiles } from './file-watch.ts';

interface Scene {
  readonly clock: FakeClock;
  readonly watch: FileWatch;
  readonly path: (name: string) => string;
  /** How often `onChange` was called so far. */
  changes(): number;
}

/** A watch on `config.yml` in a folder of its own, after `prepare` has filled that. */
function scene(
  context: TestContext,
  prepare: (path: Scene['path']) => void,
  options: Partial<FileWatchOptions> = {},
): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-watch-'));
  const path = (name: string): string => join(folder, name);
  prepare(path);
  const clock = new FakeClock();
  let changes = 0;
  const watch = watchFiles({
    files: () => [path('config.yml')],
    clock,
    everyMs: 1_000,
    onChange: () => void (changes += 1),
    ...options,
  });
  context.after(() => {
    watch.close();
    rmSync(folder, { recursive: true });
  });
  return { clock, watch, path, changes: () => changes };
}

function oneFile(path: Scene['path']): void {
  writeFileSync(path('config.yml'), 'one');
}

test('an edit in place and a rename over the file are each one change, and nothing is none', async (context) => {
  const { watch, path, changes } = scene(context, oneFile);
  await watch.look();
  assert.equal(changes(), 0);
  writeFileSync(path('config.yml'), 'longer');
  await watch.look();
  await watch.look();
  assert.equal(changes(), 1);
  writeFileSync(path('new'), 'longer');
  renameSync(path('new'), path('config.yml'));
  await watch.look();
  assert.equal(changes(), 2);
});

test('the swap of a symlink two levels up, as Kubernetes makes it, is a change', async (context) => {
  const { watch, path, changes } = scene(context, (at) => {
    for (const version of ['..v1', '..v2']) {
      mkdirSync(at(version));
      writeFileSync(at(`${version}/config.yml`), 'same size');
    }
    symlinkSync('..v1', at('..data'));
    symlinkSync('..data/config.yml', at('config.yml'));
  });
  symlinkSync('..v2', path('..data_tmp'));
  renameSync(path('..data_tmp'), path('..data'));
  await watch.look();
  assert.equal(changes(), 1);
});

test('a file that goes away and comes back is two changes, or one where missing files are waited for', async (context) => {
  const eager = scene(context, oneFile);
  const patient = scene(context, oneFile, { waitsForMissing: true });
  for (const { watch, path } of [eager, patient]) {
    unlinkSync(path('config.yml'));
    await watch.look();
  }
  assert.deepEqual([eager.changes(), patient.changes()], [1, 0]);
  for (const { watch, path } of [eager, patient]) {
    writeFileSync(path('config.yml'), 'two');
    await watch.look();
  }
  assert.deepEqual([eager.changes(), patient.changes()], [2, 1]);
});

test('without events the regular look finds it, and a closed watch looks no more', async (context) => {
  const { clock, watch, path, changes } = scene(context, oneFile);
  writeFileSync(path('config.yml'), 'longer');
  clock.advance(1_000);
  await watch.look();
  assert.equal(changes(), 1);
  watch.close();
  writeFileSync(path('config.yml'), 'longer still');
  clock.advance(10_000);
  await watch.look();
  assert.equal(changes(), 1);
});

test('a change that comes while the last one is applied waits for its turn', async (context) => {
  const order: string[] = [];
  const { promise: applied, resolve: apply } = Promise.withResolvers<void>();
  const { watch, path } = scene(context, oneFile, {
    async onChange() {
      order.push('begin');
      await applied;
      order.push('end');
    },
  });
  writeFileSync(path('config.yml'), 'longer');
  const first = watch.look();
  await new Promise((resolve) => setImmediate(resolve));
  writeFileSync(path('config.yml'), 'longer still');
  const second = watch.look();
  apply();
  await Promise.all([first, second]);
  assert.deepEqual(order.slice(0, 2), ['begin', 'end']);
  assert.equal(order.at(-1), 'end');
});
