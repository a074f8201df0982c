// An SQLite database whose disk is full, whose file is damaged, locked or not ours: one clear sentence each, nothing that
// was acknowledged is lost, and what was a matter of the surroundings heals without a restart.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { describe, test, type TestContext } from 'node:test';
import { sql } from 'kysely';
import { isSallyportError, type SallyportError } from '#base/errors.ts';
import type { SqlStore } from '#store/sql-store.ts';
import { contentsOf, fillStore } from '#testkit/full-store.ts';
import { sampleChange, sampleEvent, sampleRoute } from '#testkit/sample-objects.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { run } from '../support/process.ts';
import { bundle } from './bundle.ts';
import { databases } from './databases.ts';

async function failure(call: Promise<unknown>): Promise<string> {
  const error = await call.then(
    () => assert.fail('it went well'),
    (thrown: unknown) => thrown as SallyportError,
  );
  assert.ok(isSallyportError(error), String(error));
  return `${error.code} ${error.message}`;
}

/** Commits changes of some size until one fails; returns the failure and the revision before it. */
async function fillUp(store: SqlStore): Promise<{ text: string; revision: number }> {
  let { revision } = await store.load();
  for (;;) {
    const routes = Array.from({ length: 20 }, (_, i) =>
      sampleRoute(i + 1_000 * revision, { hostname: `h${i}-${revision}.example.com`, note: 'x'.repeat(400) }),
    );
    const puts = routes.map((object) => ({ kind: 'route', object }) as const);
    try {
      revision = await store.commit(
        sampleChange(revision, { puts, audit: [sampleEvent(revision + 50_000)] }),
      );
    } catch (error) {
      assert.ok(isSallyportError(error), String(error));
      return { text: `${error.code} ${error.message}`, revision };
    }
  }
}

const isRoot = userInfo().uid === 0;
const nobody = 65_534;

/** What a user without rights gets to see. */
async function asNobody(script: string, url: string): Promise<string> {
  const become = isRoot ? ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'] : [];
  const [command, ...args] = [...become, process.execPath, script, url];
  return run(command!, args);
}

describe('an SQLite database', () => {
  test('that may not grow further keeps what it has, and grows again when it may', async (context) => {
    const { path, open } = databases(context);
    const store = await open(path('full.db'));
    await fillStore(store);
    const pages = await store.engine.run('count', (db) =>
      sql<{ page_count: number }>`pragma page_count`.execute(db),
    );
    const limit = (count: number): Promise<unknown> =>
      store.engine.run('limit', (db) => sql.raw(`pragma max_page_count = ${count}`).execute(db));
    await limit(pages.rows[0]!.page_count + 40);
    const { text, revision } = await fillUp(store);
    assert.match(
      text,
      /^store-unavailable Could not keep a change: the database .*full\.db has no room left; free space/,
    );
    assert.equal((await store.load()).revision, revision);
    const before = await contentsOf(store);
    assert.match(await failure(store.putDocument('a', 'b', Buffer.alloc(1_000_000))), /^store-unavailable/);
    assert.deepEqual(await contentsOf(store), before);
    await limit(1_000_000);
    assert.equal(await store.commit(sampleChange(revision)), revision + 1);
    assert.deepEqual(await contentsOf(await open(path('full.db'))), await contentsOf(store));
  });

  test('on a disk that is full keeps what it has, and goes on when there is room', async (context) => {
    const { open } = databases(context);
    const disk = mkdtempSync(join(tmpdir(), 'sallyport-disk-'));
    const path = (name: string): string => join(disk, name);
    // After the stores on it were closed.
    context.after(() => {
      spawnSync('umount', ['--lazy', disk]);
      rmSync(disk, { recursive: true });
    });
    // Needs root and a kernel that lets it; elsewhere the test above has shown the same without a disk.
    if (spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', disk]).status !== 0) {
      context.diagnostic('no tmpfs can be mounted here; a disk that is full was not tried');
      return;
    }
    writeFileSync(path('filler'), Buffer.alloc(1_500_000));
    const store = await open(path('sallyport.db'));
    const { text, revision } = await fillUp(store);
    assert.match(
      text,
      /^store-unavailable Could not keep a change: the database .* (has no room left|cannot be read or)/,
    );
    assert.equal((await store.load()).revision, revision);
    assert.match(
      await failure(store.backup(path('copy'))),
      /^(store-unavailable|file-unwritable) .*room|space/,
    );
    assert.deepEqual(
      readdirSync(disk).filter((name) => name.startsWith('copy')),
      [],
    );
    // Another process opens what there is.
    assert.equal((await (await open(path('sallyport.db'))).load()).revision, revision);
    rmSync(path('filler'));
    assert.equal(await store.commit(sampleChange(revision)), revision + 1);
    const database = new DatabaseSync(path('sallyport.db'));
    assert.equal(database.prepare('pragma integrity_check').get()?.['integrity_check'], 'ok');
    database.close();
  });

  test('that another process has locked is waited for, then given up with a word; nothing needs a restart', async (context) => {
    const { path, open } = databases(context);
    const clock = new FakeClock();
    const store = await open(path('locked.db'), { clock });
    const other = new DatabaseSync(path('locked.db'));
    context.after(() => other.close());
    other.exec('begin immediate');
    // Readers are not kept out.
    assert.equal((await store.load()).revision, 0);
    const turns = setInterval(() => clock.advance(100), 5);
    context.after(() => clearInterval(turns));
    assert.match(
      await failure(store.commit(sampleChange(0))),
      /^store-unavailable Could not keep a change: the database .*locked\.db is locked by another process; end whatever/,
    );
    assert.match(
      await failure(open(path('locked.db'), { clock })),
      /^store-unavailable Could not open the store: .* is locked/,
    );
    const waiting = store.commit(sampleChange(0));
    other.exec('commit');
    assert.equal(await waiting, 1);
  });

  test('that is no database, or has lost its head, is named as such', async (context) => {
    const { path, open } = databases(context);
    writeFileSync(path('text.db'), 'This is a letter to my grandmother, and not a database.\n'.repeat(100));
    assert.match(
      await failure(open(path('text.db'))),
      /^store-corrupt Could not open the store: the database .*text\.db is not an SQLite database; name another file/,
    );
    mkdirSync(path('folder.db'));
    assert.match(
      await failure(open(path('folder.db'))),
      /^store-unavailable Could not open the store: EISDIR/,
    );
    const store = await open(path('head.db'));
    await store.close();
    writeFileSync(path('head.db'), Buffer.alloc(50, 7), { flag: 'r+' });
    assert.match(await failure(open(path('head.db'))), /^store-corrupt .*head\.db is not an SQLite database/);
  });

  test('with damaged pages says so, wherever they are, and can be replaced by a backup', async (context) => {
    const { path, open } = databases(context);
    const store = await open(path('sound.db'));
    await fillStore(store);
    const contents = await contentsOf(store);
    await store.backup(path('backup.db'));
    await store.close();
    const sound = readFileSync(path('backup.db'));
    const pageBytes = 4096;
    let damaged = 0;
    for (let page = 1; page < sound.length / pageBytes; page += 7) {
      const file = path(`damaged-${page}.db`);
      writeFileSync(file, sound);
      writeFileSync(
        file,
        Buffer.concat([
          sound.subarray(0, page * pageBytes),
          Buffer.alloc(pageBytes, 0xa5),
          sound.subarray((page + 1) * pageBytes),
        ]),
      );
      try {
        const opened = await open(file);
        await contentsOf(opened);
        await opened.commit(sampleChange(2, { audit: [sampleEvent(9_999)] }));
      } catch (error) {
        damaged += 1;
        assert.ok(isSallyportError(error, 'store-corrupt'), `page ${page}: ${String(error)}`);
        assert.match(error.message, /is damaged; restore it from a backup|cannot be read/);
      }
    }
    assert.ok(damaged > 3, `${damaged} damaged pages were met`);
    truncateSync(path('damaged-1.db'), pageBytes * 10);
    assert.match(
      await failure(open(path('damaged-1.db')).then((opened) => contentsOf(opened))),
      /^store-corrupt/,
    );
    const back = await open(path('backup.db'));
    assert.deepEqual(await contentsOf(back), contents);
  });

  test('with a row that was edited by hand to something else names table and id', async (context) => {
    const { path, open } = databases(context);
    const store = await open(path('edited.db'));
    await fillStore(store);
    const edits: [string, RegExp][] = [
      [
        `update objects set document = '{' where kind = 'route'`,
        /"objects" with kind "route" and id "0.*2" cannot be read: it is not JSON; correct it/,
      ],
      [
        `update objects set document = replace(document, '"/"', '"x"') where kind = 'route'`,
        /"objects" with kind "route" .*: path: must be a path/,
      ],
      [
        `update objects set id = 'other' where kind = 'route'`,
        /kind "route" and id "other" cannot be read: it has another id inside/,
      ],
      [
        `update objects set kind = 'robot' where kind = 'route'`,
        /kind "robot" .* cannot be read: this program knows no such kind/,
      ],
      ['delete from state', /The row of table "state" is missing; restore a backup/],
    ];
    const pristine = path('pristine.db');
    await store.backup(pristine);
    for (const [statement, pattern] of edits) {
      const file = path('copy.db');
      for (const ending of ['', '-wal', '-shm']) rmSync(file + ending, { force: true });
      writeFileSync(file, readFileSync(pristine));
      const database = new DatabaseSync(file);
      database.exec(statement);
      database.close();
      const opened = await open(file);
      assert.match(await failure(opened.load()), pattern);
      await opened.close();
    }
  });

  test('is readable by its owner only, whatever it was', async (context) => {
    const { path, open } = databases(context);
    writeFileSync(path('modes.db'), '', { mode: 0o666 });
    chmodSync(path('modes.db'), 0o666);
    const store = await open(path('modes.db'));
    await fillStore(store);
    const names = readdirSync(path('.')).toSorted();
    const modes = names.map((name) => [name, statSync(path(name)).mode & 0o777]);
    assert.deepEqual(
      modes,
      ['modes.db', 'modes.db-shm', 'modes.db-wal'].map((name) => [name, 0o600]),
    );
  });

  test('that this user may not write is refused with the cure, and opens once he may', (context) =>
    permissions(context));
});

async function permissions(context: TestContext): Promise<void> {
  const { path, open } = databases(context);
  const own = (name: string, mode: number): void => {
    if (isRoot) chownSync(path(name), nobody, nobody);
    chmodSync(path(name), mode);
  };
  chmodSync(path('.'), 0o755);
  const script = await bundle('open-as-nobody.ts', path('open.mjs'));
  mkdirSync(path('closed'));
  const store = await open(path('closed/sallyport.db'));
  await fillStore(store);
  await store.close();
  own('closed/sallyport.db', 0o600);

  // The file may be written, its folder not: SQLite cannot keep its log beside it.
  own('closed', 0o555);
  assert.match(
    await asNobody(script, path('closed/sallyport.db')),
    /^store-unavailable Could not open the store: .*sallyport\.db cannot be (opened|written); (check|give)/,
  );
  assert.match(
    await asNobody(script, path('closed/new.db')),
    /^store-unavailable Could not open the store: EACCES.*give this user/,
  );
  assert.match(
    await asNobody(script, path('closed/sub/new.db')),
    /^file-unwritable .*closed\/sub could not be written: EACCES/,
  );

  // The folder may be written, the file not.
  own('closed', 0o755);
  own('closed/sallyport.db', 0o400);
  assert.match(
    await asNobody(script, path('closed/sallyport.db')),
    /^store-unavailable Could not open the store: EACCES.*give this user/,
  );

  own('closed/sallyport.db', 0o600);
  assert.equal(await asNobody(script, path('closed/sallyport.db')), 'revision 2');
  assert.equal((await (await open(path('closed/sallyport.db'))).load()).revision, 3);
}
