// A control plane whose database is on a disk that is full: reading goes on, and what is said of the store is true all the same.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createTunnel } from '#control/commands/tunnels.ts';
import { controlWorld, refusal, tester } from '#testkit/control-world.ts';
import { databases } from '../store/databases.ts';
import { eventually } from '../support/eventually.ts';

const home = { name: 'home', management: 'remote', hostnames: [], note: '' } as const;

test('a full disk is a trouble of the store until something can be written again', async (context) => {
  const { open } = databases(context);
  const disk = mkdtempSync(join(tmpdir(), 'sallyport-disk-'));
  const path = (name: string): string => join(disk, name);
  // After the store on it was closed.
  context.after(() => {
    spawnSync('umount', ['--lazy', disk]);
    rmSync(disk, { recursive: true });
  });
  // Needs root and a kernel that lets it; elsewhere src/control/control.test.ts shows it without a disk.
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]).status !== 0) {
    context.diagnostic('no tmpfs can be mounted here; a disk that is full was not tried');
    return;
  }
  const store = await open(path('sallyport.db'));
  const { control } = await controlWorld({ store });
  await control.run(createTunnel(home), tester);
  fill(path('filler'));
  const error = await refusal(control.run(createTunnel({ ...home, name: 'cabin' }), tester));
  assert.equal(error.code, 'store-unavailable');
  for (let looks = 0; looks < 5; looks++) {
    // As every look at the store does.
    control.noteStore((await store.changeMark()) !== '');
    await control.run(() => undefined, tester);
    assert.equal(control.storeTrouble, error.message);
  }
  rmSync(path('filler'));
  await eventually('the store can be used', () => {
    control.noteStore(true);
    return control.storeTrouble === '';
  });
  await control.run(createTunnel({ ...home, name: 'cabin' }), tester);
  assert.equal((await store.load()).revision, control.state.revision);
});

/** Writes to `file` until nothing more fits. */
function fill(file: string): void {
  for (let bytes = 1 << 20; bytes >= 1;) {
    try {
      appendFileSync(file, Buffer.alloc(bytes));
    } catch {
      bytes >>= 1;
    }
  }
}
