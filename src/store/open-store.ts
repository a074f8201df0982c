// The door of the room: opens a store by where it is, and brings it to the present version first. The code of a database
// is loaded only when it is asked for, since PostgreSQL's driver is memory that a small edge does not spend.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { Engine } from './engine.ts';
import { migrate } from './migrations/migrate.ts';
import { keepBackup } from './migrations/migration-backup.ts';
import { type Migration, migrations as allMigrations } from './migrations/migrations.ts';
import { SqlStore } from './sql-store.ts';

export interface StoreOptions {
  /** `file:` and a path, a path alone, `:memory:`, or a `postgres://` URL. */
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  /** Where a copy is kept before each migration; for SQLite the database's own folder, PostgreSQL must be told one. */
  readonly backupFolder?: string;
  /** For tests of migrations. */
  readonly migrations?: readonly Migration[];
}

/**
 * Opens a store, making or migrating its tables as needed.
 * @throws SallyportError 'config-invalid' for a URL of another kind, 'store-unavailable', 'store-corrupt'
 */
export async function openStore(options: StoreOptions): Promise<SqlStore> {
  const { clock, log, random, migrations = allMigrations } = options;
  const engine = await openEngine(options);
  const folder = options.backupFolder ?? dirname(engine.place);
  try {
    await migrate(engine, {
      migrations,
      log,
      wallMs: () => clock.wallMs(),
      backUp: (version, trx) => keepBackup({ engine, trx, folder, version, nowMs: clock.wallMs(), log }),
    });
    return new SqlStore(engine, { clock, log, random, migrations });
  } catch (error) {
    await engine.close();
    throw error;
  }
}

async function openEngine({ url, clock, log, random, backupFolder }: StoreOptions): Promise<Engine> {
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === undefined || scheme === 'file' || url === ':memory:') {
    const { openSqlite } = await import('./sqlite/sqlite-engine.ts');
    return openSqlite({ file: pathOf(url), clock, log, random });
  }
  if (scheme === 'postgres' || scheme === 'postgresql') {
    if (backupFolder === undefined) throw new Error('a store in PostgreSQL is opened without a backupFolder');
    const { openPostgres } = await import('./postgres/postgres-engine.ts');
    return openPostgres({ url, clock, log, random });
  }
  throw new SallyportError(
    'config-invalid',
    `A store is "file:" and a path, or a "postgres://" URL; "${scheme}:" is neither.`,
  );
}

/** `file:///var/lib/x.db` is a URL; `file:x.db` and `x.db` are paths. */
function pathOf(url: string): string {
  if (url.startsWith('file://')) return fileURLToPath(url);
  return url.startsWith('file:') ? url.slice('file:'.length) : url;
}
