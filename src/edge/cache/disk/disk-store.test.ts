import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, test } from 'node:test';
import { type Log, silentLog } from '#base/log.ts';
import { ListFields } from '#http/list-fields.ts';
import { readResponseFacts } from '#http/cache/response-facts.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { CacheEntry } from '../cache-entry.ts';
import { Purges } from '../purges.ts';
import { StoredBody } from '../stored-body.ts';
import { DiskStore } from './disk-store.ts';
import { type FileSystem, type OpenFile, realFileSystem } from './file-system.ts';

let folder: string;
let clock: FakeClock;
let purges: Purges;
let files: FileSystem;
const stores: DiskStore[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-cache-'));
  clock = new FakeClock();
  purges = new Purges();
  files = realFileSystem;
});
afterEach(async () => {
  for (const store of stores.splice(0)) await store.close();
  rmSync(folder, { recursive: true });
});

async function open(limitBytes = 1 << 20, log: Log = silentLog): Promise<DiskStore> {
  const options = { folder, limitBytes, memoryObjectBytes: 200_000, clock, log, files, purges };
  const store = await DiskStore.open(options);
  stores.push(store);
  await store.scanned;
  return store;
}

interface Made {
  readonly key?: string;
  readonly body?: string;
  readonly fields?: readonly string[];
  readonly variant?: string;
}

function entry({ key = 'sa.test/', body = 'body', fields = [], variant = '' }: Made = {}): CacheEntry {
  const list = ['Cache-Control', 'max-age=60', ...fields];
  const made = new CacheEntry({
    ...{ key, variant, vary: variant === '' ? [] : ['x'], status: 200, list, part: undefined },
    facts: readResponseFacts(200, new ListFields(list), clock.wallMs()),
    freshness: {
      ...{ receivedMs: clock.nowMs(), initialAgeMs: 1000, lifetimeMs: 60_000, isAlwaysValidated: false },
      ...{ staleWhileRevalidateMs: 0, staleIfErrorMs: 0, staleIfUnreachableMs: 0 },
    },
    body: StoredBody.of(Buffer.from(body)),
    purgeCount: purges.count,
    requestWallMs: clock.wallMs(),
    storedWallMs: clock.wallMs(),
  });
  made.isListed = true;
  return made;
}

/** Writes entries and waits until they are there. */
async function keep(store: DiskStore, ...made: readonly CacheEntry[]): Promise<void> {
  for (const one of made) store.keep(one);
  await store.idle();
}

async function read(
  store: DiskStore,
  key = 'sa.test/',
  fields: readonly string[] = [],
): Promise<CacheEntry | undefined> {
  const record = store.select(key, new ListFields(fields));
  return record && new Promise((resolve) => store.load(record, resolve));
}

/** An open file's methods, to put others in the place of some. */
function methodsOf(file: OpenFile): OpenFile {
  return {
    read: file.read.bind(file),
    write: file.write.bind(file),
    writev: file.writev.bind(file),
    stat: file.stat.bind(file),
    sync: file.sync.bind(file),
    close: file.close.bind(file),
  } as OpenFile;
}

/** Files of finished responses. */
function kept(): string[] {
  return (readdirSync(folder, { recursive: true }) as string[]).filter((name) => /^..\/.{32}$/.test(name));
}

test('what is kept is read back, with its age counted on', async () => {
  const store = await open();
  await keep(store, entry({ body: 'hello' }));
  clock.advance(5_000);
  const back = await read(store);
  assert.equal(back?.body.bytes()?.toString(), 'hello');
  assert.equal(back.freshness.initialAgeMs + clock.nowMs() - back.freshness.receivedMs, 6_000);
  assert.deepEqual(back.list, ['Cache-Control', 'max-age=60']);
  assert.equal(await read(store, 'sb.test/'), undefined);
});

test('it is found again by the next process, and grows older while none is there', async () => {
  await keep(
    await open(),
    entry(),
    entry({ key: 'sa.test/v', variant: 'x:1\n', body: 'one' }),
    entry({ key: 'sa.test/v', variant: 'x:2\n', body: 'two' }),
  );
  clock = new FakeClock(clock.wallMs() + 30_000);
  const store = await open();
  assert.equal(store.count, 3);
  const back = await read(store);
  assert.equal(back!.freshness.initialAgeMs + clock.nowMs() - back!.freshness.receivedMs, 31_000);
  assert.equal((await read(store, 'sa.test/v', ['X', '2']))?.body.bytes()?.toString(), 'two');
  assert.equal(await read(store, 'sa.test/v', ['X', '3']), undefined);
});

test('a wall clock that was set back makes nothing younger than it was', async () => {
  const store = await open();
  await keep(store, entry());
  clock.shiftWall(-3_600_000);
  const back = await read(store);
  assert.equal(back!.freshness.initialAgeMs + clock.nowMs() - back!.freshness.receivedMs, 1_000);
});

test(
  'a body that was given up before its file was open leaves no open file',
  { timeout: 20_000 },
  async () => {
    const closed = Promise.withResolvers<void>();
    files = {
      ...realFileSystem,
      async open(path, flags) {
        const file = await realFileSystem.open(path, flags);
        const close = (): Promise<void> => file.close().then(closed.resolve);
        return { ...methodsOf(file), close };
      },
    };
    const store = await open();
    const growing = entry();
    const spill = store.spill(growing, () => undefined)!;
    growing.body.spillTo(spill, () => undefined);
    spill.write(0, Buffer.alloc(65_536), () => undefined);
    growing.body.abandon();
    await closed.promise;
  },
);

test('a file that is torn, changed or foreign is no answer, and goes', async () => {
  await keep(
    await open(),
    entry({ key: 'sa.test/1' }),
    entry({ key: 'sa.test/2' }),
    entry({ key: 'sa.test/3' }),
  );
  const [torn, changed] = kept() as [string, string];
  writeFileSync(join(folder, torn), readFileSync(join(folder, torn)).subarray(0, -1));
  const bytes = readFileSync(join(folder, changed));
  bytes[9]! ^= 1;
  writeFileSync(join(folder, changed), bytes);
  writeFileSync(join(folder, 'tmp', '77'), 'half');
  const store = await open();
  assert.equal(store.count, 2);
  const answers = await Promise.all(['1', '2', '3'].map((n) => read(store, `sa.test/${n}`)));
  assert.equal(answers.filter((one) => one !== undefined).length, 1);
  assert.equal(store.numbers.broken, 1, 'the torn one is not even found');
  await store.idle();
  assert.equal(kept().length, 1);
  assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
});

test('it stays within its bytes, and what is asked for again stays longer', async () => {
  const store = await open(20 * 4096);
  await keep(store, entry({ key: 'sa.test/hot' }));
  await read(store, 'sa.test/hot');
  for (let i = 0; i < 100; i++) await keep(store, entry({ key: `sa.test/${i}` }));
  assert.ok(store.bytes <= 20 * 4096);
  assert.equal(kept().length, store.count);
  assert.notEqual(await read(store, 'sa.test/hot'), undefined);
});

test('a header that changed is appended, and the next process reads it', async () => {
  const store = await open();
  const one = entry({ fields: ['X', '1'] });
  await keep(store, one);
  const { facts, freshness, requestWallMs, storedWallMs, purgeCount } = one;
  one.update({ facts, freshness, requestWallMs, storedWallMs, purgeCount, list: ['X', '2'] });
  store.update(one);
  await store.idle();
  assert.deepEqual((await read(await open()))?.list, ['X', '2']);
});

describe('purges', () => {
  const tagged = ['Cache-Tag', 'red, blue'];

  test('take files away by host, prefix, tag and all', async () => {
    const store = await open();
    for (const scope of [
      { kind: 'host', host: 'a.test' },
      { kind: 'prefix', host: 'a.test', path: '/x' },
      { kind: 'tag', tag: 'blue' },
      { kind: 'all' },
    ] as const) {
      await keep(store, entry({ key: 'sa.test/x/y', fields: tagged }));
      purges.add(scope);
      await store.purge(scope);
      assert.deepEqual([kept().length, store.count], [0, 0], scope.kind);
    }
    assert.deepEqual(readdirSync(folder).includes('purges.ndjson'), false, 'the journal is empty again');
  });

  test('outlive a process that died before the files were gone', async () => {
    await keep(await open(), entry({ key: 'sa.test/x' }), entry({ key: 'sb.test/x' }));
    const line = { wallMs: clock.wallMs() + 1, scope: { kind: 'host', host: 'a.test' } };
    writeFileSync(join(folder, 'purges.ndjson'), `${JSON.stringify(line)}\n{"wallMs":1,"sco`);
    clock.advance(10);
    const store = await open();
    assert.deepEqual(
      [await read(store, 'sa.test/x'), (await read(store, 'sb.test/x'))?.key],
      [undefined, 'sb.test/x'],
    );
    // What comes after the purge stays.
    await keep(store, entry({ key: 'sa.test/x' }));
    assert.equal((await read(await open(), 'sa.test/x'))?.key, 'sa.test/x');
  });

  test('an address that was changed while the scan was under way is not found by it', async () => {
    await keep(await open(), entry());
    const options = {
      folder,
      limitBytes: 1 << 20,
      memoryObjectBytes: 200_000,
      clock,
      log: silentLog,
      files,
      purges,
    };
    const store = await DiskStore.open(options);
    stores.push(store);
    store.invalidate('sa.test/');
    await store.scanned;
    assert.equal(await read(store), undefined);
  });
});

describe('a disk that is full', () => {
  const full = (): FileSystem => ({
    ...realFileSystem,
    async open(path, flags) {
      const file = await realFileSystem.open(path, flags);
      const fail = (): never => {
        throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
      };
      return { ...methodsOf(file), write: fail, writev: fail };
    },
  });

  test('costs nothing but the file, is left alone for a while, and is tried again', async () => {
    const store = await open();
    await keep(store, entry({ key: 'sa.test/before' }));
    files = full();
    const told: string[] = [];
    const second = await open(1 << 20, { ...silentLog, warn: (message) => void told.push(message) });
    await keep(second, entry({ key: 'sa.test/1' }), entry({ key: 'sa.test/2' }));
    assert.deepEqual(second.numbers, { hits: 0, broken: 0, written: 0, skipped: 0, failed: 2 });
    await keep(second, entry({ key: 'sa.test/3' }));
    assert.equal(second.numbers.skipped, 1);
    assert.deepEqual(readdirSync(join(folder, 'tmp')), []);
    assert.equal((await read(second, 'sa.test/before'))?.key, 'sa.test/before');
    clock.advance(60_000);
    await keep(second, entry({ key: 'sa.test/4' }));
    assert.equal(second.numbers.failed, 3);
    assert.equal(told.length, 1, 'its owner hears of it once');
    assert.match(told[0]!, /could not be kept on disk/);
  });
});
