// Keys of access are exchanged while the edge's disk has no room: the command is refused with its cure, the keys and their file
// stay as they were, and with room again the exchange is made and outlives a restart.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';

const limit = { timeout: 180_000 };
let edge: OwnEdge;
let isSmall = false;

before(async () => {
  edge = await OwnEdge.create();
  mkdirSync(edge.dataDir);
  // Needs root and a kernel that lets it; src/roles/access/access-keys.test.ts shows the same of the keys without both.
  isSmall = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', edge.dataDir]).status === 0;
  await edge.start();
}, limit);
after(async () => {
  await edge.running.stop();
  if (isSmall) spawnSync('umount', ['--lazy', edge.dataDir]);
  await edge.close();
}, limit);

const keyFile = (): string => readFileSync(join(edge.dataDir, 'access.key'), 'utf8');

/** Ids of the keys with which assertions are signed, as the API shows them. */
async function ids(): Promise<string[]> {
  const { keys } = await edge.api.listAccessKeys();
  return keys.map(({ id }) => id);
}

/** Uses up the disk, and then whatever room the database has still within itself. */
async function fill(): Promise<string> {
  const { bavail, bsize } = statfsSync(edge.dataDir);
  const filler = join(edge.dataDir, 'filler');
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  let count = 0;
  await eventually('a change is refused', async () => {
    count += 1;
    const note = `${count} ${'x'.repeat(400)}`;
    return edge.api.createTunnel({ body: { name: `filler-${count}`, note } }).then(
      () => false,
      () => true,
    );
  });
  return filler;
}

test(
  'a full disk while keys of access are exchanged: refused with the cure, nothing half, done when there is room',
  limit,
  async (context) => {
    if (!isSmall) {
      context.diagnostic('no tmpfs can be mounted here (root is needed); a full disk was not tried');
      return;
    }
    const [before, file] = [await ids(), keyFile()];
    const filler = await fill();
    for (const how of [[], ['--at-once']]) {
      const { code, err } = await edge.command('access', 'rotate-keys', ...how);
      assert.equal(code, 1, err);
      assert.match(err, /room|free space|full/);
      assert.deepEqual(await ids(), before, 'the keys are as they were');
    }
    assert.equal(keyFile(), file);
    assert.deepEqual(
      readdirSync(edge.dataDir).filter((name) => name.endsWith('.new')),
      [],
    );
    rmSync(filler);
    const { code, err } = await edge.command('access', 'rotate-keys', '--at-once');
    assert.equal(code, 0, err);
    const fresh = await ids();
    assert.ok(fresh.every((id) => !before.includes(id) || id.startsWith('sign-in')));
    await eventually('the new keys are in the file', () => keyFile() !== file);
    await edge.running.stop();
    await edge.start();
    assert.deepEqual(await ids(), fresh);
  },
);
