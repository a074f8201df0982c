// Brings a database to the present version: one transaction for each migration, a copy of the database before each, and
// no step at all when it is newer than this program or was made by another.
import { sql } from 'kysely';
import { SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Engine } from '../engine.ts';
import { checksumOf, type Migration, statementsOf } from './migrations.ts';
import type { ObjectKind } from '../store.ts';
import type { MigrationRow, Transacting } from '../tables/tables.ts';
import { inTurns } from '../turns.ts';

export interface MigrateOptions {
  readonly migrations: readonly Migration[];
  readonly log: Log;
  readonly wallMs: () => number;
  /** Keeps a copy of the database as it is, of version `version`; runs within the transaction of the next migration. */
  readonly backUp: (version: number, trx: Transacting) => Promise<void>;
}

const rowsPerTurn = 200;

/**
 * Applies what is missing.
 * @throws SallyportError 'store-unavailable' when the database is newer than the program, 'store-corrupt' when it has
 * a history that is not ours
 */
export async function migrate(engine: Engine, options: MigrateOptions): Promise<void> {
  const attempt = 'open the store';
  let last = await engine.change(attempt, (trx) => migrateOnce(engine, trx, options), { isLong: true });
  // What was empty a moment ago needs no copy.
  const rest = last.from === 0 ? { ...options, backUp: async () => {} } : options;
  while (last.isMigrated) {
    last = await engine.change(attempt, (trx) => migrateOnce(engine, trx, rest), { isLong: true });
  }
}

/** What one transaction has done. */
interface Step {
  /** The version that it found. */
  readonly from: number;
  readonly isMigrated: boolean;
}

/** Applies the next migration, if there is one. */
async function migrateOnce(engine: Engine, trx: Transacting, options: MigrateOptions): Promise<Step> {
  await engine.lockForMigration(trx);
  const { migrations, log } = options;
  const applied = await appliedMigrations(trx);
  checkHistory(applied, migrations, engine.place);
  const next = migrations[applied.length];
  const from = applied.length;
  if (next === undefined) return { from, isMigrated: false };
  if (from > 0) await options.backUp(from, trx);
  else await checkEmpty(engine, trx);
  for (const statement of statementsOf(next, engine.kind)) await sql.raw(statement).execute(trx);
  if (next.rewriteObject) await rewriteObjects(trx, next.rewriteObject);
  await trx
    .insertInto('sallyport_migrations')
    .values({ ...rowOf(next), applied_at_ms: options.wallMs() })
    .execute();
  if (from > 0) log.info('The database was brought to a newer version', { version: next.number });
  return { from, isMigrated: true };
}

async function appliedMigrations(trx: Transacting): Promise<MigrationRow[]> {
  await sql
    .raw(
      `create table if not exists sallyport_migrations (
        number bigint primary key, name text not null, checksum text not null, applied_at_ms bigint not null)`,
    )
    .execute(trx);
  return trx.selectFrom('sallyport_migrations').selectAll().orderBy('number').execute();
}

function checkHistory(applied: readonly MigrationRow[], known: readonly Migration[], place: string): void {
  const newest = applied.at(-1)?.number ?? 0;
  if (newest > known.length) {
    throw new SallyportError(
      'store-unavailable',
      `The database ${place} has version ${newest}, and this program knows versions up to ${known.length}; ` +
        'run the newer program, or restore the backup that was made before the upgrade.',
    );
  }
  for (const [i, row] of applied.entries()) {
    const ours = known[i]!;
    if (row.number === ours.number && row.checksum === checksumOf(ours)) continue;
    throw new SallyportError(
      'store-corrupt',
      `The database ${place} was made by another program than this one (its version ${row.number}, "${row.name}", ` +
        'is unknown here); name another database, or run the program that made it.',
    );
  }
}

/** Tables without our record of migrations are somebody else's. */
async function checkEmpty(engine: Engine, trx: Transacting): Promise<void> {
  const foreign = (await engine.tableNames(trx)).filter((name) => name !== 'sallyport_migrations');
  if (foreign.length === 0) return;
  throw new SallyportError(
    'store-unavailable',
    `The database ${engine.place} holds tables of another program (${foreign.slice(0, 3).join(', ')}); ` +
      'give Sallyport a database of its own.',
  );
}

async function rewriteObjects(
  trx: Transacting,
  rewrite: NonNullable<Migration['rewriteObject']>,
): Promise<void> {
  const rows = await trx.selectFrom('objects').select(['kind', 'id', 'document']).execute();
  await inTurns(rows, rowsPerTurn, async (part) => {
    for (const { kind, id, document } of part) {
      const rewritten = JSON.stringify(rewrite(kind as ObjectKind, JSON.parse(document)));
      if (rewritten === document) continue;
      await trx
        .updateTable('objects')
        .set({ document: rewritten })
        .where('kind', '=', kind)
        .where('id', '=', id)
        .execute();
    }
  });
}

function rowOf(migration: Migration): Omit<MigrationRow, 'applied_at_ms'> {
  return { number: migration.number, name: migration.name, checksum: checksumOf(migration) };
}
