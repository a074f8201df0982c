// Bad days of a running edge and its store: killed while it acknowledges changes, restored from a backup, its database
// damaged, gone, or without room, its control plane crashed. Nothing acknowledged is lost, and visitors notice nothing.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { seededRandom } from '#testkit/seeded-random.ts';
import { eventually, pause } from '../support/eventually.ts';
import type { LoadLoop } from '../support/load-loop.ts';
import { OwnEdge } from '../support/own-edge.ts';
import { crashControlThread } from './crash-control-thread.ts';

const site = 'blog.localhost';
const origin = createServer((_request, response) => response.end('hello from home'));
let service: string;

before(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  service = `http://127.0.0.1:${(origin.address() as AddressInfo).port}`;
});
after(() => origin.close());

async function startEdge(
  context: { after: (close: () => Promise<void>) => void },
  config = {},
): Promise<OwnEdge> {
  const edge = await OwnEdge.start({ config });
  context.after(() => edge.close());
  return edge;
}

/** No visitor may have noticed anything, and there must have been some. */
async function requireUnharmed(load: LoadLoop): Promise<void> {
  const { total, failures } = await load.stop();
  assert.deepEqual(failures, {});
  assert.ok(total > 0);
}

test('killed with SIGKILL ten times while commands are acknowledged, the edge loses none', async (context) => {
  const edge = await startEdge(context);
  const random = seededRandom(20_261_127);
  const acknowledged: string[] = [];
  let deletedLast = '';
  for (let round = 0; round < 10; round += 1) {
    const { running } = edge;
    // Several at once; each is counted when its answer has come.
    let isRunning = true;
    const client = async (number: number): Promise<void> => {
      for (let i = 0; isRunning; i += 1) {
        const name = `t-${round}-${number}-${i}`;
        try {
          await edge.api.createTunnel({ body: { name } });
          acknowledged.push(name);
        } catch (error) {
          if (isRunning) throw error;
        }
      }
    };
    const known = acknowledged.length;
    const clients = [client(0), client(1), client(2)];
    await eventually('changes are acknowledged', () => acknowledged.length >= known + random.integer(1, 8));
    await pause(random.fraction() * 20);
    isRunning = false;
    await running.kill();
    await Promise.all(clients);
    await edge.start();
    const names = new Set((await allTunnels(edge)).map(({ name }) => name));
    const lost = acknowledged.filter((name) => !names.has(name));
    assert.deepEqual(lost, [], `round ${round}`);
    assert.ok(deletedLast === '' || !names.has(deletedLast), 'what was deleted stays so');
    deletedLast = acknowledged.shift()!;
    await edge.api.deleteTunnel({ params: { tunnel: deletedLast } });
  }
  context.diagnostic(`${acknowledged.length + 10} tunnels acknowledged`);
  const { items } = await edge.api.listAudit({ query: { limit: 500, noun: 'tunnel' } });
  assert.ok(items.length > 20, 'and every change has its audit row');
});

async function allTunnels(edge: OwnEdge): Promise<{ readonly name: string }[]> {
  const found: { name: string }[] = [];
  let cursor: string | undefined;
  do {
    const page = await edge.api.listTunnels({ query: { limit: 500, ...(cursor ? { cursor } : {}) } });
    found.push(...page.items);
    cursor = page.nextCursor ?? undefined;
  } while (cursor);
  return found;
}

test('a backup taken while changes are made restores an edge as it was at one moment', async (context) => {
  const edge = await startEdge(context);
  await edge.serve('home', [site], service);
  let isChanging = true;
  let made = 0;
  const changing = (async () => {
    // A pair is made by one lab file, so that half of it must never be seen.
    for (; isChanging; made += 1) {
      const pair = [`a${made}.localhost`, `b${made}.localhost`];
      const routes = pair.map((hostname) => `  - hostname: ${hostname}\n    tunnel: home\n`).join('');
      await edge.api.applyLab({ body: { text: `routes:\n${routes}` } });
    }
  })();
  await eventually('changes are made', () => made >= 5);
  const file = join(edge.folder, 'backup.sallyport');
  const before = made;
  const { code, err } = await edge.command('backup', file);
  assert.equal(code, 0, err);
  await eventually('changes go on', () => made > before + 2);
  isChanging = false;
  await changing;
  await edge.running.stop();
  for (const name of ['sallyport.db', 'sallyport.db-wal', 'sallyport.db-shm', 'last-good.json'])
    rmSync(join(edge.dataDir, name), { force: true });
  const restored = await edge.commandAlone('restore', file, '--config', edge.configFile, '--yes');
  assert.equal(restored.code, 0, restored.err);
  await edge.start();
  const { items } = await edge.api.listRoutes({ query: { limit: 500 } });
  const numbers = (letter: string): number[] =>
    items
      .flatMap(({ hostname }) => (hostname.startsWith(letter) ? [parseInt(hostname.slice(1), 10)] : []))
      .filter(Number.isFinite);
  assert.deepEqual(new Set(numbers('a')), new Set(numbers('b')), 'no half of a change');
  assert.ok(numbers('a').length >= before && numbers('a').length < made, `${numbers('a').length} of ${made}`);
  // The tunnel's key is in the backup: its connector comes back by itself.
  await eventually('visitors are served', async () => (await edge.statusOf(site)) === 200);
});

const harms: readonly (readonly [string, (file: string) => void, RegExp])[] = [
  [
    'damaged',
    (file) => {
      writeFileSync(file, Buffer.alloc(readFileSync(file).length, 'x'));
      for (const suffix of ['-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    },
    /restore/,
  ],
  [
    'gone',
    (file) => {
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${file}${suffix}`, { force: true });
    },
    /is gone, and this edge had kept \d+ changes in it: .*sallyport restore/,
  ],
];

for (const [harm, apply, words] of harms) {
  test(`with its database ${harm}, the edge starts from the last good configuration, serves, says why, and is cured by restoring`, async (context) => {
    const edge = await startEdge(context);
    await edge.serve('home', [site], service);
    const backup = join(edge.folder, 'backup.sallyport');
    assert.equal((await edge.command('backup', backup)).code, 0);
    await edge.running.stop();
    const database = join(edge.dataDir, 'sallyport.db');
    apply(database);
    await edge.start();
    await eventually('visitors are served', async () => (await edge.statusOf(site)) === 200);
    assert.match(edge.running.stderr(), words);
    assert.match(edge.running.stderr(), /serves the last good configuration meanwhile/);
    const api = await edge.get('sallyport.localhost', '/api/v1/status');
    assert.equal(api.status, 503, api.body);
    assert.match(api.body, /"code":"store-unavailable".*look at the log of the edge/);
    const { code, err } = await edge.command('status');
    assert.equal(code, 1);
    assert.match(err, /its log says why/);
    await edge.running.stop();
    if (harm === 'damaged') rmSync(database);
    const restored = await edge.commandAlone('restore', backup, '--config', edge.configFile, '--yes');
    assert.equal(restored.code, 0, restored.err);
    await edge.start();
    assert.equal((await edge.api.getStatus()).store.isAvailable, true);
    await eventually('visitors are served', async () => (await edge.statusOf(site)) === 200);
  });
}

test('with no room on its disk, changes are refused with the cure, visitors are served, and it heals', async (context) => {
  const disk = await OwnEdge.create();
  context.after(async () => {
    await disk.running?.stop();
    spawnSync('umount', ['--lazy', disk.dataDir]);
    await disk.close();
  });
  mkdirSync(disk.dataDir);
  // Needs root and a kernel that lets it; the store's own tests show a full disk without both.
  if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=8m', 'tmpfs', disk.dataDir]).status !== 0) {
    context.diagnostic('no tmpfs can be mounted here; a full disk was not tried');
    return;
  }
  await disk.start();
  await disk.serve('home', [site], service);
  const load = disk.visit(site);
  const filler = join(disk.dataDir, 'filler');
  const { bavail, bsize } = statfsSync(disk.dataDir);
  writeFileSync(filler, Buffer.alloc(bavail * bsize));
  const note = 'x'.repeat(500);
  // Room that the database already has is used up first.
  const refused = await eventually('a change is refused', async () => {
    try {
      await disk.api.updateTunnel({
        params: { tunnel: 'home' },
        body: { note: `${note.slice(1)}${Math.random()}`.slice(-500) },
      });
      return false;
    } catch (error) {
      return error as Error;
    }
  });
  assert.match(refused.message, /room|full|space/);
  const { troubles } = await disk.api.getStatus();
  assert.match(JSON.stringify(troubles), /The store cannot be used.*room on its disk/);
  truncateSync(filler);
  rmSync(filler);
  await disk.api.updateTunnel({ params: { tunnel: 'home' }, body: { note: 'room again' } });
  assert.doesNotMatch(JSON.stringify((await disk.api.getStatus()).troubles), /The store cannot be used/);
  await requireUnharmed(load);
});

test('a control plane that crashes is started again, visitors notice nothing, and status says so', async (context) => {
  const edge = await OwnEdge.create();
  context.after(() => edge.close());
  await edge.start({ NODE_OPTIONS: '--inspect=127.0.0.1:0' });
  await edge.serve('home', [site], service);
  const load = edge.visit(site);
  await crashControlThread(edge.running);
  await edge.says(/The control plane has ended; it is started again/);
  await edge.says(/The control plane is back/);
  const { troubles } = await edge.api.getStatus();
  const told = troubles.find(({ id }) => id === 'control-restarted');
  assert.match(told?.detail ?? '', /crashed by a test/);
  const { out } = await edge.command('status');
  assert.match(out, /The control plane had ended and was started again/);
  await edge.api.updateTunnel({ params: { tunnel: 'home' }, body: { note: 'after the crash' } });
  await requireUnharmed(load);
});
