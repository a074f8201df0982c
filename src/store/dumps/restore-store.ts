// Fills a store from a backup: a dump (export-store.ts) or a copy of an SQLite database, of this version or an older one.
// The backup is first read into a database of its own, brought to the present version and checked to the last row; only
// then is everything replaced, in one transaction.
import { mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import { readEvent } from '../tables/audit-table.ts';
import { dumpStart } from './dump-format.ts';
import { openDump } from './dump-reader.ts';
import type { Engine } from '../engine.ts';
import { migrate } from '../migrations/migrate.ts';
import { readObject } from '../tables/object-table.ts';
import { openStore } from '../open-store.ts';
import { readSession } from '../tables/session-table.ts';
import type { SqlStore, Surroundings } from '../sql-store.ts';
import { copyDatabase } from '../sqlite/sqlite-copy.ts';
import { openSqlite } from '../sqlite/sqlite-engine.ts';
import { addRows, carriedTables, clearTable, pagesOf, type Row } from '../tables/table-rows.ts';
import type { AuditRow, ObjectRow, SessionRow, Transacting } from '../tables/tables.ts';

/** What a restore has put in place. */
export interface Restored {
  readonly revision: number;
  readonly objects: number;
  readonly auditEvents: number;
  readonly sessions: number;
  readonly documents: number;
}

/** How every SQLite database begins. */
const sqliteStart = 'SQLite format 3\0';
const rowsPerInsert = 500;
/** Holds the counters, which are not replaced but raised. */
const stateTable = 'state';

/**
 * Replaces everything in `store` by what `file` holds, or changes nothing. One-time secrets and leases are not in a
 * backup: the former are removed, the latter stay. The new revision is higher than the one before, so that whoever has
 * decided on the old state meets a conflict; load the store again afterwards.
 * @throws SallyportError 'file-unreadable', 'invalid' when the file is no backup, 'store-corrupt' when it is damaged,
 * 'store-unavailable' when it is of a newer program or the store is away
 */
export async function restoreStore(file: string, store: SqlStore): Promise<Restored> {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-restore-'));
  const place = join(folder, 'staged.db');
  const refuse = (error: unknown): never => {
    throw backupError(error, file, place);
  };
  try {
    const staged = await stage(file, place, store.surroundings).catch(refuse);
    try {
      const counts = await checkRows(staged).catch(refuse);
      return { ...counts, revision: await replaceAll(store, staged) };
    } finally {
      await staged.close();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The backup as a store of its own, of the present version. */
async function stage(file: string, place: string, surroundings: Surroundings): Promise<SqlStore> {
  const start = await startOf(file);
  if (start.startsWith(sqliteStart)) await copyDatabase(file, place);
  else if (start.startsWith(dumpStart)) await stageDump(file, place, surroundings);
  else throw new SallyportError('invalid', 'it is neither a dump nor an SQLite database');
  return openStore({ ...surroundings, url: `file:${place}` });
}

async function startOf(file: string): Promise<string> {
  const handle = await open(file, 'r');
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(dumpStart.length), 0, dumpStart.length, 0);
    return buffer.toString('latin1', 0, bytesRead);
  } finally {
    await handle.close();
  }
}

/** Makes the tables as they were when the dump was written, and fills them. */
async function stageDump(file: string, place: string, surroundings: Surroundings): Promise<void> {
  const { clock, migrations } = surroundings;
  const { header, rows } = await openDump(file);
  if (header.version > migrations.length) {
    throw new SallyportError(
      'store-unavailable',
      `it has version ${header.version}, and this program knows versions up to ${migrations.length}; ` +
        'restore it with the newer program',
    );
  }
  const engine = await openSqlite({ ...surroundings, file: place });
  try {
    await migrate(engine, {
      ...surroundings,
      migrations: migrations.slice(0, header.version),
      wallMs: () => clock.wallMs(),
      backUp: async () => {},
    });
    await engine.change('read the backup', async (trx) => {
      const tables = await carriedTables(engine, trx);
      for (const table of tables) await clearTable(trx, table);
      let waiting: { readonly table: string; readonly rows: Row[] } = { table: '', rows: [] };
      for await (const { table, row } of rows) {
        if (!tables.includes(table))
          throw new SallyportError('store-corrupt', `it has an unknown table "${table}"`);
        if (table !== waiting.table || waiting.rows.length >= rowsPerInsert) {
          await addRows(trx, waiting.table, waiting.rows);
          waiting = { table, rows: [] };
        }
        waiting.rows.push(row);
      }
      await addRows(trx, waiting.table, waiting.rows);
    });
  } finally {
    await engine.close();
  }
}

/** Reads every row as the store would. */
async function checkRows({ engine }: SqlStore): Promise<Omit<Restored, 'revision'>> {
  return engine.read('check the backup', async (trx) => {
    if (!(await trx.selectFrom('state').select('id').executeTakeFirst()))
      throw new SallyportError('store-corrupt', 'The row of table "state" is missing.');
    const count = async (table: string, check: (row: Row) => void): Promise<number> => {
      let rows = 0;
      for await (const page of pagesOf(trx, table)) {
        page.forEach(check);
        rows += page.length;
      }
      return rows;
    };
    return {
      objects: await count('objects', (row) => void readObject(row as unknown as ObjectRow)),
      auditEvents: await count('audit_events', (row) => void readEvent(row as unknown as AuditRow)),
      sessions: await count('sessions', (row) => void readSession(row as unknown as SessionRow)),
      documents: await count('documents', () => {}),
    };
  });
}

/** Everything of `staged` in place of everything of `store`; returns the new revision. */
async function replaceAll({ engine }: SqlStore, staged: SqlStore): Promise<number> {
  return staged.engine.read('read the backup', (source) =>
    engine.change('restore the backup', (trx) => copyTables(engine, staged.engine, source, trx), {
      isLong: true,
    }),
  );
}

async function copyTables(
  engine: Engine,
  stagedEngine: Engine,
  source: Transacting,
  trx: Transacting,
): Promise<number> {
  const backup = await source.selectFrom('state').selectAll().executeTakeFirstOrThrow();
  // Takes the row that every change needs: whoever is about to commit waits, and then meets a conflict.
  const { revision } = await trx
    .updateTable('state')
    .set((eb) => ({ revision: eb('revision', '+', 1) }))
    .returning('revision')
    .executeTakeFirstOrThrow();
  await clearTable(trx, 'tickets');
  for (const table of await carriedTables(stagedEngine, source)) {
    if (table === stateTable) continue;
    await clearTable(trx, table);
    for await (const page of pagesOf(source, table)) await addRows(trx, table, page);
  }
  const restored = Math.max(revision, backup.revision);
  await trx.updateTable('state').set({ revision: restored, audit_sequence: backup.audit_sequence }).execute();
  await engine.announce(trx, restored);
  return restored;
}

/** What is wrong with the backup; the store itself has not been touched. */
function backupError(error: unknown, file: string, place: string): SallyportError {
  const code = isSallyportError(error)
    ? error.code
    : isFileError(error)
      ? 'file-unreadable'
      : 'store-corrupt';
  // People know the file that they named, not where we have put it.
  const why = errorText(error).replaceAll(place, file).replace(/\.$/, '');
  return new SallyportError(code, `The backup ${file} cannot be restored: ${why}. Nothing was changed.`, {
    cause: error,
  });
}

function isFileError(error: unknown): boolean {
  return (error as NodeJS.ErrnoException | undefined)?.syscall !== undefined;
}
