// Keys of access are exchanged while the edge's disk has no room: the command is refused with its cure, the keys and their file
// stay as they were, and with room again the exchange is made and outlives a restart. What the edge tries by itself meanwhile is
// told as a trouble until it is done.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { eventually } from '../support/eventually.ts';
import { OwnEdge } from '../support/own-edge.ts';

const limit = { timeout: 180_000 };

/** An edge whose data folder is a small disk of its own; undefined where none can be mounted. */
async function edgeOnSmallDisk(
  context: TestContext,
  config: Readonly<Record<string, unknown>> = {},
): Promise<OwnEdge | undefined> {
  const edge = await OwnEdge.create({ config });
  mkdirSync(edge.dataDir);
  // Needs root and a kernel that lets it; src/roles/access/access-keys.test.ts shows the same of the keys without both.
  const isSmall = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', edge.dataDir]).status === 0;
  context.after(async () => {
    await edge.running?.stop();
    if (isSmall) spawnSync('umount', ['--lazy', edge.dataDir]);
    await edge.close();
  });
  if (isSmall) {
    await edge.start();
    return edge;
  }
  context.diagnostic('no tmpfs can be mounted here (root is needed); a full disk was not tried');
  return undefined;
}

const keyFileOf = ({ dataDir }: OwnEdge): string => readFileSync(join(dataDir, 'access.key'), 'utf8');

/** Ids of the keys with which assertions are signed, as the API shows them. */
async function idsOf(edge: OwnEdge): Promise<string[]> {
  const { keys } = await edge.api.listAccessKeys();
  return keys.map(({ id }) => id);
}

/** Uses up the disk; returns what takes the room. */
function fill({ dataDir }: OwnEdge): string {
  const { bavail, bsize } = statfsSync(dataDir);
  const filler = join(dataDir, 'filler');
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  return filler;
}

/** Uses up whatever room the database has still within itself. */
async function fillDatabase(edge: OwnEdge): Promise<void> {
  let count = 0;
  await eventually('a change is refused', async () => {
    count += 1;
    const note = `${count} ${'x'.repeat(400)}`;
    return edge.api.createTunnel({ body: { name: `filler-${count}`, note } }).then(
      () => false,
      () => true,
    );
  });
}

/** What is said of the keys: among the troubles, and of its parts. */
async function troublesOf(edge: OwnEdge): Promise<string[]> {
  const [{ troubles }, { parts }] = await Promise.all([edge.api.getStatus(), edge.api.getHealth()]);
  return [
    ...troubles.map(({ id, detail, cure }) => `${id}: ${detail} ${cure}`),
    ...parts.map(({ name, sentence, cure }) => `part ${name}: ${sentence} ${cure}`),
  ].filter((line) => line.includes('keys of access'));
}

/** Waits for them, two: what is wrong is told as a trouble and as a part. */
async function troubled(edge: OwnEdge): Promise<string[]> {
  let found: string[] = [];
  await eventually('the trouble is told', async () => (found = await troublesOf(edge)).length === 2);
  return found;
}

const isWell = async (edge: OwnEdge): Promise<boolean> => (await troublesOf(edge)).length === 0;

test(
  'a full disk while keys of access are exchanged: refused with the cure, nothing half, done when there is room',
  limit,
  async (context) => {
    const edge = await edgeOnSmallDisk(context);
    if (!edge) return;
    const [before, file] = [await idsOf(edge), keyFileOf(edge)];
    const filler = fill(edge);
    await fillDatabase(edge);
    for (const how of [[], ['--at-once']]) {
      const { code, err } = await edge.command('access', 'rotate-keys', ...how);
      assert.equal(code, 1, err);
      assert.match(err, /room|free space|full/);
      assert.deepEqual(await idsOf(edge), before, 'the keys are as they were');
    }
    assert.equal(keyFileOf(edge), file);
    assert.deepEqual(
      readdirSync(edge.dataDir).filter((name) => name.endsWith('.new')),
      [],
    );
    rmSync(filler);
    const { code, err } = await edge.command('access', 'rotate-keys', '--at-once');
    assert.equal(code, 0, err);
    const fresh = await idsOf(edge);
    assert.ok(fresh.every((id) => !before.includes(id) || id.startsWith('sign-in')));
    await eventually('the new keys are in the file', () => keyFileOf(edge) !== file);
    await edge.running.stop();
    await edge.start();
    assert.deepEqual(await idsOf(edge), fresh);
  },
);

test(
  'a key that is wanted while the disk is full is a trouble until it could be made',
  limit,
  async (context) => {
    const edge = await edgeOnSmallDisk(context);
    if (!edge) return;
    const before = await idsOf(edge);
    const filler = fill(edge);
    await fillDatabase(edge);
    // Assertions in Cloudflare's form are signed by a kind of key that is made when it is wanted first.
    const tunnel = { name: 'home', id: '6ff42ae2-765d-4adf-8112-31c55c1551ef' };
    const tunnels = [{ ...tunnel, publicKeys: [`${'A'.repeat(43)}=`], hostnames: ['nas.localhost'] }];
    const access = { rules: [{ allow: 'signed-in' }], identity: ['cloudflare'] };
    const routes = [{ hostname: 'nas.localhost', tunnel: 'home', access }];
    const config = JSON.parse(readFileSync(edge.configFile, 'utf8')) as object;
    writeFileSync(edge.configFile, JSON.stringify({ ...config, tunnels, routes }));
    for (const told of await troubled(edge)) assert.match(told, /cannot be read or exchanged.*Make room/);
    assert.deepEqual(await idsOf(edge), before);
    rmSync(filler);
    await eventually('all is well again', () => isWell(edge), 90_000);
    assert.equal((await idsOf(edge)).length, before.length + 1);
  },
);

test(
  'new keys that the data folder has no room for are a trouble until it has them',
  limit,
  async (context) => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'sallyport-store-elsewhere-'));
    context.after(() => rmSync(elsewhere, { recursive: true }));
    const storeUrlFile = join(elsewhere, 'url');
    writeFileSync(storeUrlFile, `file:${join(elsewhere, 'sallyport.db')}`);
    const edge = await edgeOnSmallDisk(context, { storeUrlFile });
    if (!edge) return;
    const [before, file] = [await idsOf(edge), keyFileOf(edge)];
    const filler = fill(edge);
    const { code, err } = await edge.command('access', 'rotate-keys', '--at-once');
    assert.equal(code, 0, err);
    assert.notDeepEqual(await idsOf(edge), before);
    for (const told of await troubled(edge))
      assert.match(told, /are in force, but the data folder.*Make room/);
    assert.equal(keyFileOf(edge), file);
    rmSync(filler);
    await eventually('all is well again', () => isWell(edge), 90_000);
    assert.notEqual(keyFileOf(edge), file);
  },
);
