// Exports and restores between SQLite databases; test/store/move.test.ts has PostgreSQL at one end.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test, type TestContext } from 'node:test';
import { DatabaseSync } from 'node:sqlite';
import { isSallyportError, type SallyportError } from '#base/errors.ts';
import { contentsOf, fillStore } from '#testkit/full-store.ts';
import { memoryStore } from '#testkit/memory-store.ts';
import {
  oneOfEach,
  sampleChange,
  sampleEvent,
  sampleHash,
  sampleMs,
  sampleTunnel,
} from '#testkit/sample-objects.ts';
import { exportStore } from './export-store.ts';
import { restoreStore } from './restore-store.ts';
import type { SqlStore } from '../sql-store.ts';

interface Scene {
  readonly source: SqlStore;
  readonly target: SqlStore;
  path(name: string): string;
}

/** A full store, another with something of its own in it, and a folder. */
async function scene(context: TestContext): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-restore-test-'));
  const [source, target] = [await memoryStore(), await memoryStore()];
  context.after(async () => {
    await source.close();
    await target.close();
    rmSync(folder, { recursive: true });
  });
  await fillStore(source);
  const puts = [{ kind: 'tunnel', object: sampleTunnel(77, { name: 'Tunnel-1' }) }] as const;
  for (let base = 0; base < 4; base += 1)
    await target.commit(sampleChange(base, { puts, audit: [sampleEvent(base + 900)] }));
  return { source, target, path: (name) => join(folder, name) };
}

async function refusal(file: string, store: SqlStore): Promise<string> {
  const error = await restoreStore(file, store).then(
    () => assert.fail('it was restored'),
    (thrown: unknown) => thrown as SallyportError,
  );
  assert.ok(isSallyportError(error), String(error));
  assert.match(error.message, /cannot be restored: .*\. Nothing was changed\.$/);
  return `${error.code} ${error.message.replace(/^The backup .* cannot be restored: /, '')}`;
}

describe('a backup', () => {
  for (const [form, write] of [
    ['a dump', (store: SqlStore, file: string) => exportStore(store, file)],
    ['a copy of the database', (store: SqlStore, file: string) => store.backup(file)],
  ] as const) {
    test(`${form} puts everything in place of everything`, async (context) => {
      const { source, target, path } = await scene(context);
      const ticket = { hash: sampleHash(8), purpose: 'link', data: '{}', expiresAtMs: sampleMs };
      await target.putTicket(ticket);
      await write(source, path('backup'));
      assert.equal(statSync(path('backup')).mode & 0o777, 0o600);
      const restored = await restoreStore(path('backup'), target);
      assert.deepEqual(restored, {
        revision: 5,
        objects: oneOfEach.length,
        auditEvents: 1_203,
        sessions: 2,
        documents: 2,
      });
      assert.deepEqual(await contentsOf(target), await contentsOf(source));
      assert.equal((await target.load()).revision, 5);
      for (const hash of [ticket.hash, sampleHash(7)])
        assert.equal(await target.takeTicket(hash, 'link', 0), undefined, 'one-time secrets are not revived');
      await assert.rejects(target.commit(sampleChange(4)), (error) => isSallyportError(error, 'conflict'));
      // The log goes on after what was restored.
      await target.commit(sampleChange(5, { audit: [sampleEvent(5_000)] }));
      assert.equal((await target.readAudit({ limit: 1 })).events[0]?.atMs, sampleMs + 5_000);
    });
  }

  test('an empty store takes over the revision', async (context) => {
    const { source, path } = await scene(context);
    const empty = await memoryStore();
    context.after(() => empty.close());
    await exportStore(source, path('dump'));
    assert.equal((await restoreStore(path('dump'), empty)).revision, 2);
  });

  test('a dump that is damaged, foreign or newer is refused, and nothing is changed', async (context) => {
    const { source, target, path } = await scene(context);
    await exportStore(source, path('dump'));
    const before = await contentsOf(target);
    const lines = readFileSync(path('dump'), 'utf8').split('\n').slice(0, -1);
    const file = path('altered');
    const altered = (text: string): Promise<string> => {
      writeFileSync(file, text);
      return refusal(file, target);
    };
    const joined = (parts: readonly string[]): string => parts.map((part) => `${part}\n`).join('');
    const cases: [string, RegExp][] = [
      [joined(lines.slice(0, -1)), /^store-corrupt it is damaged: its end is missing/],
      [joined(lines.toSpliced(5, 1)), /^store-corrupt it is damaged: its last line does not fit/],
      [joined(lines).replace('Ada', 'Eve'), /^store-corrupt it is damaged: its last line does not fit/],
      [`${joined(lines)}more\n`, /^store-corrupt it is damaged: there is more after/],
      [joined(lines.toSpliced(3, 0, '{')), /^store-corrupt it is damaged: line 4 is not what it should be/],
      [
        joined(lines.toSpliced(3, 0, '{"table":"users","row":{}}')),
        /^store-corrupt it has an unknown table "users"/,
      ],
      [
        joined(lines.with(0, lines[0]!.replace('"version":1', '"version":99'))),
        /^store-unavailable it has version 99, and/,
      ],
      [
        joined(lines.with(0, lines[0]!.replace('"formatVersion":1', '"formatVersion":2'))),
        /^store-corrupt .* line 1 is not/,
      ],
      ['', /^invalid it is neither a dump nor/],
      ['PK\u0003\u0004 a zip file of some length that is not ours', /^invalid it is neither a dump nor/],
    ];
    for (const [text, pattern] of cases) assert.match(await altered(text), pattern);
    for (let i = 1; i < lines.length; i += 97)
      assert.match(await altered(joined(lines.slice(0, i)) + lines[i]!.slice(0, -9)), /^store-corrupt/);
    assert.match(await refusal(path('nothing'), target), /^file-unreadable ENOENT/);
    assert.deepEqual(await contentsOf(target), before);
    assert.equal((await target.load()).revision, 4);
  });

  test('a copy with a row that cannot be read, or of another program, is refused', async (context) => {
    const { source, target, path } = await scene(context);
    await source.backup(path('copy.db'));
    const before = await contentsOf(target);
    const database = new DatabaseSync(path('copy.db'));
    database.exec(`update objects set document = '{"id":1}' where kind = 'user'`);
    database.close();
    assert.match(
      await refusal(path('copy.db'), target),
      /^store-corrupt The row of table "objects" with kind "user" and id "0+-0000-4000-8000-0+3" cannot be read: id: /,
    );
    const foreign = new DatabaseSync(path('foreign.db'));
    foreign.exec('create table machines (id integer)');
    foreign.close();
    assert.match(
      await refusal(path('foreign.db'), target),
      /^store-unavailable .* another program \(machines\)/,
    );
    assert.deepEqual(await contentsOf(target), before);
  });

  test('a dump that cannot be written leaves no file', async (context) => {
    const { source, path } = await scene(context);
    writeFileSync(path('file'), '');
    for (const write of [exportStore(source, path('file/dump')), source.backup(path('file/copy'))])
      await assert.rejects(write, (error) => isSallyportError(error, 'file-unwritable'));
  });
});
