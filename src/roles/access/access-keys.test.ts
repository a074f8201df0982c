// The keys of access on a disk that has no room: nothing half is written, what was withdrawn stays withdrawn, and what could not
// be kept is kept once there is room.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
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
import { isSallyportError } from '#base/errors.ts';
import { type Log, silentLog } from '#base/log.ts';
import { type Random, systemRandom } from '#base/random.ts';
import type { AccessKeyRing } from '#model/access/access-keys.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { firstRing } from './access-key-drawing.ts';
import { AccessKeyKeeper, type KeyShelf, ownShelf } from './access-key-keeper.ts';
import { openAccessKeys } from './access-keys.ts';

/** Each wait is as long as it can be. */
const longestWaits: Random = { bytes: systemRandom.bytes, fraction: () => 1 };

interface Disk {
  readonly folder: string;
  fill(): void;
  free(): void;
}

/** A small disk of its own; without the rights for one, a folder that takes nothing, whose errors arrive the same way. */
function makeDisk(context: TestContext): Disk {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-keys-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
  const filler = join(folder, 'filler');
  context.after(() => {
    if (isMounted) spawnSync('umount', ['--lazy', folder]);
    else chmodSync(folder, 0o700);
    rmSync(folder, { recursive: true });
  });
  return {
    folder,
    fill() {
      if (!isMounted) return chmodSync(folder, 0o500);
      const { bavail, bsize } = statfsSync(folder);
      writeFileSync(filler, Buffer.alloc(bavail * bsize));
    },
    free() {
      if (isMounted) rmSync(filler);
      else chmodSync(folder, 0o700);
    },
  };
}

const clock = new FakeClock();
const tools = { clock, random: systemRandom };
const another = (): AccessKeyRing => firstRing(systemRandom, clock.wallMs());
const namesIn = ({ folder }: Disk): string[] => readdirSync(folder).filter((name) => name !== 'filler');
const ringIn = ({ folder }: Disk): unknown => JSON.parse(readFileSync(join(folder, 'access.key'), 'utf8'));

test('keys that find no room at the first start leave no half file, and the next start makes them', (context) => {
  const disk = makeDisk(context);
  disk.fill();
  assert.throws(
    () => openAccessKeys(disk.folder, tools),
    (error) => isSallyportError(error) && /could not be written: .*free space/.test(error.message),
  );
  assert.deepEqual(namesIn(disk), []);
  disk.free();
  const { ring } = openAccessKeys(disk.folder, tools);
  assert.deepEqual(ringIn(disk), ring);
});

test("a store's new keys are in force although they find no room, and are kept when there is some", (context) => {
  const disk = makeDisk(context);
  const keys = openAccessKeys(disk.folder, tools);
  const old = keys.ring;
  const cookie = keys.signer.sign('access visit', 'ada');
  disk.fill();
  const fresh = another();
  for (let again = 0; again < 2; again += 1)
    assert.throws(
      () => keys.apply(fresh),
      (error) => isSallyportError(error) && error.code === 'file-unwritable',
    );
  assert.deepEqual(keys.ring, fresh);
  assert.equal(keys.signer.open('access visit', cookie), undefined, 'what was withdrawn is worth nothing');
  assert.deepEqual(ringIn(disk), old, 'the file is as it was');
  assert.deepEqual(namesIn(disk), ['access.key']);
  disk.free();
  keys.apply(fresh);
  assert.deepEqual(ringIn(disk), fresh);
});

test('an edge without a store refuses to exchange keys that it cannot keep, keeps the old ones, and does when it can', async (context) => {
  const disk = makeDisk(context);
  const keys = openAccessKeys(disk.folder, tools);
  const old = keys.ring;
  const keeper = new AccessKeyKeeper({
    ...{ ...tools, own: old, shelf: ownShelf(keys), log: silentLog, ageMs: () => 90 * 86_400_000 },
    onRing: () => Promise.resolve(),
  });
  disk.fill();
  for (const atOnce of [true, false])
    await assert.rejects(
      keeper.rotate(atOnce),
      (error) => isSallyportError(error) && error.code === 'file-unwritable',
    );
  assert.deepEqual([keeper.ring, keys.ring, ringIn(disk)], [old, old, old]);
  disk.free();
  await keeper.rotate(true);
  assert.notDeepEqual(keeper.ring, old);
  assert.deepEqual([keys.ring, ringIn(disk)], [keeper.ring, keeper.ring]);
});

test('an exchange that finds no room at the edge is done all the same, told once, and tried again until it is kept', async (context) => {
  const disk = makeDisk(context);
  const keys = openAccessKeys(disk.folder, tools);
  let shared: AccessKeyRing | undefined;
  const shelf: KeyShelf = {
    load: () => Promise.resolve(shared),
    keep: (ring) => Promise.resolve(void (shared = ring)),
    alone: (work) => work().then(() => true),
  };
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (text) => void warnings.push(text) };
  const keeper = new AccessKeyKeeper({
    ...{ ...tools, own: keys.ring, shelf, log, ageMs: () => 90 * 86_400_000 },
    onRing: (ring) => Promise.resolve(ring).then((all) => keys.apply(all)),
  });
  await keeper.look();
  disk.fill();
  await keeper.rotate(true);
  assert.deepEqual([keys.ring, keeper.ring], [shared, shared]);
  await keeper.look();
  assert.deepEqual(warnings, [
    'New keys of access are in force, but could not be kept at this edge; it tries again',
  ]);
  assert.notDeepEqual(ringIn(disk), shared);
  disk.free();
  clock.advance(60_000);
  await keeper.look();
  assert.deepEqual(ringIn(disk), shared);
});

test('a store without room is asked for new keys ever less often, once a minute at last, and then has them', async () => {
  const own = another();
  let shared = own;
  let isFull = true;
  const tries: number[] = [];
  const shelf: KeyShelf = {
    load: () => Promise.resolve(shared),
    keep(ring) {
      tries.push(time.nowMs() / 1_000);
      if (isFull) return Promise.reject(new Error('the disk is full'));
      shared = ring;
      return Promise.resolve();
    },
    alone: (work) => work().then(() => true),
  };
  const time = new FakeClock();
  const keeper = new AccessKeyKeeper({
    ...{ clock: time, random: longestWaits, own, shelf, log: silentLog, ageMs: () => 90 * 86_400_000 },
    onRing: () => Promise.resolve(),
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let at = 0; at < seconds; at += 1) {
      time.advance(1_000);
      await keeper.glance(false);
    }
  };
  assert.deepEqual(keeper.troubles, []);
  keeper.want('RS256');
  await keeper.glance(false);
  await pass(185);
  assert.deepEqual(tries, [0, 1, 3, 7, 15, 31, 63, 123, 183]);
  assert.deepEqual(keeper.troubles, [{ what: 'exchange', why: 'the disk is full' }]);
  assert.deepEqual(keeper.ring, own);
  isFull = false;
  await pass(60);
  assert.deepEqual(keeper.troubles, []);
  assert.deepEqual(keeper.ring, shared);
  assert.notDeepEqual(shared, own);
});

test('a copy that cannot be kept is tried again ever less often; other keys are in force at once all the same', async () => {
  const own = another();
  let shared = own;
  let isFull = true;
  const asked: [number, AccessKeyRing][] = [];
  const shelf: KeyShelf = {
    load: () => Promise.resolve(shared),
    keep: (ring) => Promise.resolve(void (shared = ring)),
    alone: (work) => work().then(() => true),
  };
  const time = new FakeClock();
  const keeper = new AccessKeyKeeper({
    ...{ clock: time, random: longestWaits, own, shelf, log: silentLog, ageMs: () => 90 * 86_400_000 },
    onRing(ring) {
      asked.push([time.nowMs() / 1_000, ring]);
      return isFull ? Promise.reject(new Error('the disk is full')) : Promise.resolve();
    },
  });
  const pass = async (seconds: number): Promise<void> => {
    for (let at = 0; at < seconds; at += 1) {
      time.advance(1_000);
      // As while the store is away now and then: each look may find other keys.
      await keeper.glance(true);
    }
  };
  shared = another();
  await keeper.glance(true);
  await pass(32);
  assert.deepEqual(
    asked.map(([atS]) => atS),
    [0, 1, 3, 7, 15, 31],
  );
  assert.deepEqual(keeper.troubles, [{ what: 'copy', why: 'the disk is full' }]);
  shared = another();
  await pass(1);
  assert.deepEqual(asked.at(-1), [33, shared], 'these were not tried before');
  isFull = false;
  await pass(31);
  assert.deepEqual([asked.at(-1)![0], keeper.troubles], [63, []]);
  const count = asked.length;
  await pass(100);
  assert.equal(asked.length, count);
});
