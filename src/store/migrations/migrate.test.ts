// Migrations on SQLite; test/store/migrations.test.ts has PostgreSQL, and the databases of earlier versions.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { isSallyportError } from '#base/errors.ts';
import { silentLog } from '#base/log.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { contentsOf, fillStore } from '#testkit/full-store.ts';
import { brokenMigration, laterMigration, laterMigrations } from '#testkit/later-migrations.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { testClock } from '#testkit/transport-suite.ts';
import { checksumOf, type Migration, migrations } from './migrations.ts';
import { openStore } from '../open-store.ts';
import type { SqlStore } from '../sql-store.ts';

interface Scene {
  open(list?: readonly Migration[]): Promise<SqlStore>;
  /** Names in the folder besides the database and its two companions. */
  copies(): string[];
  path(name: string): string;
  readonly clock: FakeClock;
}

function scene(context: TestContext): Scene {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-migrate-'));
  const opened: SqlStore[] = [];
  const clock = new FakeClock(Date.UTC(2026, 0, 1));
  context.after(async () => {
    for (const store of opened) await store.close();
    rmSync(folder, { recursive: true });
  });
  return {
    clock,
    path: (name) => join(folder, name),
    copies: () =>
      readdirSync(folder)
        .filter((name) => !name.startsWith('sallyport.db'))
        .toSorted(),
    async open(list = migrations) {
      const store = await openStore({
        url: join(folder, 'sallyport.db'),
        clock: { nowMs: () => testClock.nowMs(), wallMs: () => clock.wallMs(), after: testClock.after },
        log: silentLog,
        random: seededRandom(1),
        migrations: list,
      });
      opened.push(store);
      return store;
    },
  };
}

const version = migrations.length;

describe('migrations', () => {
  test('are numbered from 1, and what has been released is as it was', () => {
    assert.deepEqual(
      migrations.map(({ number }) => number),
      migrations.map((_, i) => i + 1),
    );
    // One line for each released version; a line here is never changed.
    assert.deepEqual(
      migrations.map((migration) => checksumOf(migration).slice(0, 16)),
      ['6d0304c49433d598'],
    );
  });

  test('bring tables and documents to the new version, and keep a copy before each step', async (context) => {
    const { open, copies, path } = scene(context);
    const old = await open();
    await fillStore(old);
    const before = await contentsOf(old);
    await old.close();
    const store = await open(laterMigrations);
    const after = await contentsOf(store);
    const tunnel = after.objects.find(({ kind }) => kind === 'tunnel')?.object;
    assert.equal(tunnel && 'note' in tunnel && tunnel.note, ' later later');
    assert.deepEqual(after.events, before.events);
    assert.deepEqual(after.sessions, before.sessions);
    const names = [
      `sallyport-before-${version + 1}-20260101T000000Z.db`,
      `sallyport-before-${version + 2}-20260101T000000Z.db`,
    ];
    assert.deepEqual(copies(), names);
    for (const name of names) assert.equal(statSync(path(name)).mode & 0o777, 0o600);
    // The first copy is what the older program can go back to.
    const back = await openStore({
      url: path(names[0]!),
      ...{ clock: testClock, log: silentLog, random: seededRandom(1) },
    });
    context.after(() => back.close());
    assert.deepEqual(await contentsOf(back), before);
  });

  test('keep five copies, the newest', async (context) => {
    const { open, copies, clock } = scene(context);
    const list = [...migrations];
    for (let i = 0; i < 8; i += 1) {
      const store = await open(list);
      await store.close();
      list.push({
        number: list.length + 1,
        name: `step ${i}`,
        sql: [`create table step_${i} (id {integer})`],
      });
      clock.advance(60_000);
    }
    assert.deepEqual(
      copies().map((name) => name.slice(-'20260101T000300Z.db'.length)),
      [3, 4, 5, 6, 7].map((minute) => `20260101T000${minute}00Z.db`),
    );
  });

  test('that fail leave the database as it was, and a corrected program goes on', async (context) => {
    const { open } = scene(context);
    const old = await open();
    await fillStore(old);
    const before = await contentsOf(old);
    await old.close();
    await assert.rejects(open([...migrations, brokenMigration]), (error) =>
      isSallyportError(error, 'internal'),
    );
    const same = await open();
    assert.deepEqual(await contentsOf(same), before);
    await same.close();
    assert.equal((await contentsOf(await open(laterMigrations))).objects.length, before.objects.length);
  });

  test('of a newer program are not run back: the database is refused and not touched', async (context) => {
    const { open, copies, path } = scene(context);
    await (await open([...migrations, laterMigration])).close();
    await assert.rejects(open(), (error) => {
      assert.ok(isSallyportError(error, 'store-unavailable'));
      assert.match(
        error.message,
        new RegExp(
          `has version ${version + 1}, and this program knows versions up to ${version}; run the newer program, or`,
        ),
      );
      return true;
    });
    assert.deepEqual(copies(), []);
    const database = new DatabaseSync(path('sallyport.db'), { readOnly: true });
    assert.equal(
      database.prepare('select count(*) as n from sallyport_migrations').get()?.['n'],
      version + 1,
    );
    database.close();
  });

  test('of another program are refused', async (context) => {
    const { open } = scene(context);
    await (await open([{ number: 1, name: 'other', sql: ['create table state (id {integer})'] }])).close();
    await assert.rejects(open(), (error) => {
      assert.ok(isSallyportError(error, 'store-corrupt'));
      assert.match(
        error.message,
        /was made by another program than this one \(its version 1, "other", is unknown here\)/,
      );
      return true;
    });
  });

  test('are applied once when several open at the same time', async (context) => {
    const { open } = scene(context);
    await fillStore(await open());
    const stores = await Promise.all([open(laterMigrations), open(laterMigrations), open(laterMigrations)]);
    for (const store of stores) {
      const { objects } = await store.load();
      const tunnel = objects.find(({ kind }) => kind === 'tunnel')?.object;
      assert.equal(tunnel && 'note' in tunnel && tunnel.note, ' later later');
    }
  });
});
