// The cache on disk, through a real edge process: what it has kept is there after a restart and after a kill, large bodies
// go by way of the disk, and what was purged or changed stays away.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, describe, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { DiskStore } from '#edge/cache/disk/disk-store.ts';
import { realFileSystem } from '#edge/cache/disk/file-system.ts';
import { EdgeCache, spillBytes } from '#edge/cache/edge-cache.ts';
import { Purges } from '#edge/cache/purges.ts';
import { ProcessWorld } from '../faults/processes.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { answerText, type CacheWorld, counting, requestText, startCacheWorld } from './cache-world.ts';

/** Finished files in a cache's folder. */
function filesIn(folder: string): string[] {
  const names = readdirSync(folder, { recursive: true }) as string[];
  return names.filter((name) => /^..\/.{32}$/.test(name)).map((name) => join(folder, name));
}

/** Changes one byte in the middle of each. */
function corrupt(folder: string): void {
  for (const file of filesIn(folder)) {
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1]! ^= 1;
    writeFileSync(file, bytes);
  }
}

describe('an edge that is killed', () => {
  test('has what it kept when it comes back, and serves it while home is away', async () => {
    const origin = await RecordingOrigin.start(
      counting({ 'Cache-Control': 's-maxage=600, stale-if-error=600', ETag: '"v"' }),
    );
    const world = await ProcessWorld.create();
    try {
      world.writeEdgeConfig({ listen: { https: `127.0.0.1:${world.port}`, http: [] } });
      const config = world.writeFile('config.yml', `ingress:\n  - service: ${origin.url}\n`);
      let edge = world.runInShell(['edge', 'run', '--config', world.path('edge.yml')], '');
      const connector = world.runInShell(
        [
          'tunnel',
          '--metrics',
          '127.0.0.1:0',
          '--config',
          config,
          'run',
          '--token-file',
          world.path('token'),
        ],
        '',
      );
      await eventually('a page is served', async () => (await world.ask('/page')).status === 200);
      const first = (await world.ask('/page')).body;
      const files = join(world.path('data'), 'cache');
      await eventually('it is on disk', () => filesIn(files).length > 0);
      await connector.kill();
      for (const signal of ['SIGKILL', 'SIGTERM'] as const) {
        if (signal === 'SIGKILL') await edge.kill();
        else await edge.stop();
        edge = world.runInShell(['edge', 'run', '--config', world.path('edge.yml')], '');
        await eventually('the page is there again', async () => (await world.ask('/page')).body === first);
        assert.equal((await world.ask('/other')).status, 530);
      }
      await edge.stop();
    } finally {
      await world.close();
      await origin.close();
    }
  });
});

describe('large bodies', () => {
  let folder: string;
  let world: CacheWorld;
  let disk: DiskStore;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-cache-'));
    const purges = new Purges();
    disk = await DiskStore.open({
      ...{ folder, limitBytes: 256 << 20, memoryObjectBytes: spillBytes, clock: systemClock, log: silentLog },
      ...{ files: realFileSystem, purges },
    });
    const cache = new EdgeCache({
      clock: systemClock,
      memoryBytes: 8 << 20,
      maxObjectBytes: 64 << 20,
      disk,
      purges,
    });
    world = await startCacheWorld({ cache });
  });
  afterEach(() => world.quiet());
  after(async () => {
    await world.close();
    rmSync(folder, { recursive: true });
  });

  const film = Buffer.alloc(20 << 20, 'abcdefghijklmnopqrstuvwxyz\n');
  const withLength = (): Buffer =>
    Buffer.concat([
      Buffer.from(
        `HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nETag: "f"\r\nContent-Length: ${film.length}\r\n\r\n`,
      ),
      film,
    ]);

  test('pass through disk and not through memory, and are served from there, whole and in parts', async () => {
    await world.begin(withLength);
    const first = await world.ask('/film');
    assert.ok(Buffer.from(first.body, 'latin1').equals(film));
    await eventually('it is on disk', () => disk.count === 1);
    assert.ok(world.cache.memoryBytes < 2 << 20, `${world.cache.memoryBytes} bytes in memory`);
    const second = await world.ask('/film');
    assert.equal(second.fields['cf-cache-status'], 'HIT');
    assert.ok(Buffer.from(second.body, 'latin1').equals(film));
    const part = await world.ask('/film', { fields: { Range: 'bytes=10000000-10000009' } });
    assert.deepEqual(
      [part.status, part.body],
      [206, film.subarray(10_000_000, 10_000_010).toString('latin1')],
    );
    assert.equal(world.asked.length, 1);
  });

  test('of unknown length do the same, and readers who come while they come read along', async () => {
    let socket: { write: (bytes: Buffer | string) => void; end: () => void } | undefined;
    await world.begin((_request, connection) => {
      socket = connection.socket;
      socket.write('HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nConnection: close\r\n\r\n');
      socket.write(film.subarray(0, 10 << 20));
      return undefined;
    });
    const readers = [await world.open(), await world.open()];
    for (const reader of readers) reader.send(requestText('/stream'));
    for (const reader of readers)
      await eventually('half has come', () => reader.received.length > (10 << 20) - 70_000);
    socket!.write(film.subarray(10 << 20));
    socket!.end();
    for (const reader of readers) await reader.waitForClose();
    assert.equal(world.asked.length, 1);
    await eventually('it is on disk', () => disk.count === 1);
    const again = await world.ask('/stream');
    assert.ok(Buffer.from(again.body, 'latin1').equals(film));
  });

  test('that a client reads slowly are not fetched far ahead of it', async () => {
    const endless = Buffer.alloc(60 << 20, 'z');
    await world.begin(() =>
      Buffer.concat([
        Buffer.from(
          `HTTP/1.1 200 X\r\nCache-Control: max-age=60\r\nContent-Length: ${endless.length}\r\n\r\n`,
        ),
        endless,
      ]),
    );
    const slow = await world.open();
    slow.socket.pause();
    slow.send(requestText('/slow'));
    const { socket } = await eventually('it is asked', () => world.origin.connections[0]);
    let before = -1;
    await eventually('the origin is held up', () => {
      const isHeld = socket.writableLength > 0 && socket.writableLength === before;
      before = socket.writableLength;
      return isHeld;
    });
    assert.ok(socket.writableLength > 10 << 20, `${socket.writableLength} bytes are still at the origin`);
    slow.socket.resetAndDestroy();
    await eventually('it is given up', () => world.edge.active === 0);
  });

  test('that were broken on disk are not served as if they were whole, and are counted', async () => {
    await world.begin(withLength);
    await world.ask('/film');
    await eventually('it is on disk', () => disk.count === 1);
    corrupt(folder);
    const client = await world.open();
    client.send(requestText('/film'));
    await client.waitForClose();
    assert.ok(client.received.length < film.length, 'cut off where it is broken');
    await eventually('it is gone', () => disk.count === 0);
    assert.equal(disk.numbers.broken, 1);
    const again = await world.ask('/film');
    assert.ok(Buffer.from(again.body, 'latin1').equals(film));
  });

  test('and small ones are purged by address, host, prefix, tag and all, in memory and on disk', async () => {
    const scopes = [
      () => world.cache.purgeAddress('a.test', '/x/y', '?q'),
      () => world.cache.purge({ kind: 'host', host: 'a.test' }),
      () => world.cache.purge({ kind: 'prefix', host: 'a.test', path: '/x' }),
      () => world.cache.purge({ kind: 'tag', tag: 'red' }),
      () => world.cache.purge({ kind: 'all' }),
    ];
    for (const purge of scopes) {
      let count = 0;
      await world.begin(() =>
        answerText({ 'Cache-Control': 'max-age=600', 'Cache-Tag': 'red, blue' }, String(++count)),
      );
      assert.deepEqual([await world.see('/x/y?q'), await world.see('/x/y?q')], ['MISS 1', 'HIT 1']);
      await eventually('it is on disk', () => disk.count === 1);
      await purge();
      assert.deepEqual([disk.count, world.cache.entryCount], [0, 0]);
      assert.equal(await world.see('/x/y?q'), 'MISS 2');
    }
  });
});
