// Databases of every earlier version, as they were kept in test/store/fixtures, open with this program; and migrations on
// PostgreSQL.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isSallyportError } from '#base/errors.ts';
import { migrations } from '#store/migrations/migrations.ts';
import { restoreStore } from '#store/dumps/restore-store.ts';
import { contentsOf, fillStore } from '#testkit/full-store.ts';
import { brokenMigration, laterMigration, laterMigrations } from '#testkit/later-migrations.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';
import { databases } from './databases.ts';

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.close());

const fixture = (version: number, ending: string): string =>
  fileURLToPath(new URL(`fixtures/version-${version}.${ending}`, import.meta.url));

/** What make-fixture.ts puts into each. */
const kept = { objects: 6, auditEvents: 4, sessions: 2, documents: 2 };

for (const { number: version } of migrations) {
  describe(`a database of version ${version}`, () => {
    test('has its fixtures (make-fixture.ts wrote them before the next migration was added)', () => {
      const names = readdirSync(fileURLToPath(new URL('fixtures', import.meta.url)));
      for (const ending of ['dump', 'sql']) assert.ok(names.includes(`version-${version}.${ending}`));
    });

    for (const [what, list] of [
      ['this program', migrations],
      ['a later one', laterMigrations],
    ] as const) {
      test(`in SQLite opens with ${what}`, async (context) => {
        const { path, open } = databases(context);
        const database = new DatabaseSync(path('old.db'));
        database.exec(readFileSync(fixture(version, 'sql'), 'utf8'));
        database.close();
        const contents = await contentsOf(await open(path('old.db'), { migrations: list }));
        assert.deepEqual(
          [contents.objects.length, contents.events.length, contents.sessions.length],
          [6, 4, 2],
        );
      });

      test(`in PostgreSQL opens with ${what}`, async (context) => {
        const { open } = databases(context);
        const url = await server.createDatabase();
        const old = await open(url, { migrations: migrations.slice(0, version) });
        await restoreStore(fixture(version, 'dump'), old);
        await old.close();
        const contents = await contentsOf(await open(url, { migrations: list }));
        assert.deepEqual(
          [contents.objects.length, contents.events.length, contents.sessions.length],
          [6, 4, 2],
        );
      });

      test(`as a dump is restored by ${what}`, async (context) => {
        const { path, open } = databases(context);
        for (const url of [path('new.db'), await server.createDatabase()]) {
          const store = await open(url, { migrations: list });
          assert.deepEqual(await restoreStore(fixture(version, 'dump'), store), { revision: 2, ...kept });
        }
      });
    }
  });
}

describe('migrations on PostgreSQL', () => {
  test('keep a dump before each step, from which the older program goes on', async (context) => {
    const { path, open } = databases(context);
    const url = await server.createDatabase();
    const old = await open(url);
    await fillStore(old);
    const contents = await contentsOf(old);
    await old.close();
    const store = await open(url, { migrations: laterMigrations });
    const tunnel = (await store.load()).objects.find(({ kind }) => kind === 'tunnel')?.object;
    assert.equal(tunnel && 'note' in tunnel && tunnel.note, ' later later');
    const copies = readdirSync(path('.')).toSorted();
    const database = new URL(url).pathname.slice(1);
    assert.deepEqual(
      copies.map((name) => name.replace(/\d{8}T\d{6}Z/, 'AT')),
      [1, 2].map((step) => `${database}-before-${migrations.length + step}-AT.dump`),
    );
    const back = await open(await server.createDatabase());
    await restoreStore(path(copies[0]!), back);
    assert.deepEqual(await contentsOf(back), contents);
  });

  test('that fail leave nothing behind; a newer database is refused', async (context) => {
    const { open } = databases(context);
    const url = await server.createDatabase();
    const old = await open(url);
    await fillStore(old);
    const contents = await contentsOf(old);
    const broken = open(url, { migrations: [...migrations, brokenMigration] });
    await assert.rejects(broken, (error) => isSallyportError(error, 'internal'));
    assert.deepEqual(await contentsOf(await open(url)), contents);
    await open(url, { migrations: [...migrations, laterMigration] });
    await assert.rejects(open(url), (error) => {
      assert.ok(isSallyportError(error, 'store-unavailable'));
      assert.match(
        error.message,
        /has version \d+, and this program knows versions up to \d+; run the newer program/,
      );
      return true;
    });
  });

  test('are applied once when several edges start at the same time, on an empty database too', async (context) => {
    const { open } = databases(context);
    const url = await server.createDatabase();
    const stores = await Promise.all([open(url), open(url), open(url)]);
    await fillStore(stores[0]);
    const later = await Promise.all([1, 2, 3].map(() => open(url, { migrations: laterMigrations })));
    for (const store of later) {
      const tunnel = (await store.load()).objects.find(({ kind }) => kind === 'tunnel')?.object;
      assert.equal(tunnel && 'note' in tunnel && tunnel.note, ' later later');
    }
  });
});
