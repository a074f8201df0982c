// Whole tables, row by row, without knowing what is in them: what a dump carries from one database to another.
import type { Kysely } from 'kysely';
import type { Engine } from '../engine.ts';
import type { Database } from './tables.ts';
import { inTurns, nextTurn } from '../turns.ts';

/** A value of a column, in either database. */
export type Value = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, Value>>;

/** Tables are known by name only: a dump may be of an older version. */
type AnyDatabase = Kysely<Record<string, Record<string, Value>>>;

/**
 * Not carried along. Migrations: the target has its own. One-time secrets: one redeemed since would be valid again.
 * Leases: they say who works at this moment.
 */
const leftBehind: readonly string[] = ['sallyport_migrations', 'tickets', 'leases'];
/** Tables that grow for ever have this column, and are read in its order, a page at a time. */
const sequenceColumn = 'sequence';
const rowsPerPage = 500;

/** Names of the tables that are carried along, in a fixed order. */
export async function carriedTables(engine: Engine, db: Database): Promise<string[]> {
  const names = await engine.tableNames(db);
  return names.filter((name) => !leftBehind.includes(name)).toSorted();
}

/** All rows of a table, a page at a time; within a transaction that sees one moment. */
export async function* pagesOf(db: Database, table: string): AsyncGenerator<Row[]> {
  const any = db as unknown as AnyDatabase;
  const first = await any.selectFrom(table).selectAll().limit(1).executeTakeFirst();
  if (first === undefined) return;
  if (!(sequenceColumn in first)) {
    yield await any.selectFrom(table).selectAll().execute();
    return;
  }
  let after = Number.MIN_SAFE_INTEGER;
  for (;;) {
    const page = await any
      .selectFrom(table)
      .selectAll()
      .where(sequenceColumn, '>', after)
      .orderBy(sequenceColumn)
      .limit(rowsPerPage)
      .execute();
    if (page.length === 0) return;
    yield page;
    after = Number(page.at(-1)![sequenceColumn]);
    await nextTurn();
  }
}

/** Removes all rows of a table. */
export async function clearTable(db: Database, table: string): Promise<void> {
  await (db as unknown as AnyDatabase).deleteFrom(table).execute();
}

/** Rows of one statement: as many as keep it below the 32766 values that SQLite takes. */
const rowsPerStatement = 100;

/** Adds rows. */
export async function addRows(db: Database, table: string, rows: readonly Row[]): Promise<void> {
  const any = db as unknown as AnyDatabase;
  await inTurns(rows, rowsPerStatement, async (part) => {
    await any.insertInto(table).values(part).execute();
  });
}
