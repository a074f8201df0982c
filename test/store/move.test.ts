// A store moves from SQLite to PostgreSQL and back with everything in it.
import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { exportStore } from '#store/dumps/export-store.ts';
import { restoreStore } from '#store/dumps/restore-store.ts';
import { contentsOf, fillStore } from '#testkit/full-store.ts';
import { sampleChange, sampleEvent, sampleMs } from '#testkit/sample-objects.ts';
import { eventually } from '../support/eventually.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { databases } from './databases.ts';

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.close());

describe('moving a store', () => {
  test('from SQLite to PostgreSQL and back, everything comes along', async (context) => {
    const { path, open } = databases(context);
    const first = await open(path('first.db'));
    await fillStore(first);
    const contents = await contentsOf(first);
    await exportStore(first, path('there'));

    const middle = await open(await server.createDatabase());
    assert.equal((await restoreStore(path('there'), middle)).revision, 2);
    assert.deepEqual(await contentsOf(middle), contents);
    await middle.commit(sampleChange(2, { audit: [sampleEvent(9_000)] }));
    assert.equal((await middle.readAudit({ limit: 1 })).events[0]?.atMs, sampleMs + 9_000);

    await middle.backup(path('back'));
    assert.equal(statSync(path('back')).mode & 0o777, 0o600);
    const last = await open(path('last.db'));
    assert.equal((await restoreStore(path('back'), last)).revision, 3);
    assert.deepEqual(await contentsOf(last), await contentsOf(middle));

    // The two databases write the same lines.
    await exportStore(last, path('again'));
    const linesOf = (file: string): string[] =>
      readFileSync(path(file), 'utf8').split('\n').slice(1, -2).toSorted();
    assert.deepEqual(linesOf('again'), linesOf('back'));
  });

  test('a copy of an SQLite database goes straight into PostgreSQL, and other edges hear of it', async (context) => {
    const { path, open } = databases(context);
    const source = await open(path('source.db'));
    await fillStore(source);
    await source.backup(path('copy.db'));
    const url = await server.createDatabase();
    const [store, other] = [await open(url), await open(url)];
    let news = 0;
    context.after(other.watch(() => void (news += 1)));
    await eventually('the other listens', async () => {
      const sessions = await server.execute(
        `select 1 from pg_stat_activity where query like 'select revision%'`,
      );
      return sessions.length > 0;
    });
    await restoreStore(path('copy.db'), store);
    await eventually('the other hears of it', () => news === 1);
    assert.deepEqual(await contentsOf(other), await contentsOf(source));
  });

  test('a dump is of one moment while others go on changing the store', async (context) => {
    const { path, open } = databases(context);
    const stores = [await open(path('busy.db')), await open(await server.createDatabase())];
    for (const [i, store] of stores.entries()) {
      await fillStore(store);
      let isDone = false;
      let revision = 2;
      const writing = (async () => {
        while (!isDone) {
          revision = await store.commit(sampleChange(revision, { audit: [sampleEvent(revision + 10_000)] }));
          await new Promise((resolve) => setImmediate(resolve));
        }
      })();
      await eventually('changes are kept', () => revision > 10);
      await exportStore(store, path(`dump-${i}`));
      isDone = true;
      await writing;
      const copy = await open(path(`copy-${i}.db`));
      const restored = await restoreStore(path(`dump-${i}`), copy);
      // Each change has put one event into the log.
      assert.equal(restored.auditEvents, 1_203 + restored.revision - 2);
    }
  });
});
