// The store in one file, by Node's own SQLite: a write-ahead log, and every change on the disk before it is acknowledged.
// Calls run on the event loop, so none may wait there: a lock held by another process is waited for by a timer.
import { closeSync, fchmodSync, openSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { Kysely, sql } from 'kysely';
import { Backoff } from '#base/backoff.ts';
import { type Clock, sleep } from '#base/clock.ts';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import { makeFolder } from '#base/secrets/private-file.ts';
import type { Random } from '#base/random.ts';
import { closedError } from '../closed-error.ts';
import type { ChangeOptions, Engine } from '../engine.ts';
import { copyDatabase } from './sqlite-copy.ts';
import { NodeSqliteDialect } from './sqlite-database.ts';
import { isLocked, translateSqliteError } from './sqlite-errors.ts';
import { memoryPlace } from './sqlite-place.ts';
import type { Database, Tables, Transacting } from '../tables/tables.ts';
import { nextTurn } from '../turns.ts';

/** SQLite's own wait for a lock blocks the event loop; most locks of others last for less than this. */
const blockingWaitMs = 10;
/** How long a lock of another process is waited for in all. */
const lockWaitMs = 5_000;
/** Between two tries for a lock, at most. */
const lockRetryMs = 200;

/** What the log file keeps of the disk after a change that made it larger; ordinary changes never do. */
const keptLogBytes = 8 * 1024 * 1024;

export interface SqliteOptions {
  /** A path, or `:memory:`. */
  readonly file: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

/**
 * Opens or makes the database file (mode 0600, as are the two files that SQLite keeps beside it).
 * @throws SallyportError 'store-unavailable' or 'store-corrupt'
 */
export async function openSqlite(options: SqliteOptions): Promise<Engine> {
  const closing = new AbortController();
  return patiently(options, 'open the store', closing.signal, async () => {
    return new SqliteEngine(options, openDatabase(options), closing);
  });
}

class SqliteEngine implements Engine {
  readonly kind = 'sqlite';
  readonly place: string;
  readonly copy: (file: string) => Promise<void>;
  readonly #options: SqliteOptions;
  readonly #db: Database;
  readonly #closing: AbortController;
  /** Counts what other connections have committed, of any process. */
  readonly #foreignChanges: StatementSync;
  /** Counts rows that this connection has changed. */
  readonly #ownChanges: StatementSync;

  constructor(options: SqliteOptions, database: DatabaseSync, closing: AbortController) {
    this.#options = options;
    this.place = options.file;
    this.#closing = closing;
    this.#db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) });
    // Two statements: as one, with the pragma as a table, SQLite would prepare it anew each time.
    this.#foreignChanges = database.prepare('pragma data_version');
    this.#ownChanges = database.prepare('select total_changes()');
    for (const statement of [this.#foreignChanges, this.#ownChanges]) statement.setReturnArrays(true);
    const source = options.file === memoryPlace ? database : options.file;
    this.copy = (file) => this.run('write the backup', () => copyDatabase(source, file));
  }

  async run<T>(attempt: string, work: (db: Database) => Promise<T>): Promise<T> {
    return patiently(this.#options, attempt, this.#closing.signal, () => work(this.#db));
  }

  async change<T>(attempt: string, work: (trx: Transacting) => Promise<T>): Promise<T> {
    const result = await this.run(attempt, (db) => db.transaction().execute(work));
    // SQLite never waits, so that somebody who makes change after change would keep everyone else from running.
    await nextTurn();
    return result;
  }

  read<T>(
    attempt: string,
    work: (trx: Transacting) => Promise<T>,
    { isLong = false }: ChangeOptions = {},
  ): Promise<T> {
    const begin = (db: Database): Promise<T> => db.transaction().setAccessMode('read only').execute(work);
    return this.run(attempt, isLong ? () => this.#withReader(begin) : begin);
  }

  /** With a connection of its own, so that changes need not wait until all is read; in memory there is only the one. */
  async #withReader<T>(work: (db: Database) => Promise<T>): Promise<T> {
    if (this.place === memoryPlace) return work(this.#db);
    const database = new DatabaseSync(this.place, { readOnly: true, timeout: blockingWaitMs });
    const db = new Kysely<Tables>({ dialect: new NodeSqliteDialect(database) });
    try {
      return await work(db);
    } finally {
      // Kysely closes only what it has used.
      await db.destroy();
      if (database.isOpen) database.close();
    }
  }

  /** Another process that has the file open (a command beside a running edge) is not told. */
  async announce(): Promise<void> {}

  watch(): () => void {
    return () => {};
  }

  /** In the middle of an own change it may count a part of it: who reads then waits for its end. */
  changeMark(): Promise<string> {
    return patiently(this.#options, 'look for changes', this.#closing.signal, () =>
      JSON.stringify([this.#foreignChanges.get(), this.#ownChanges.get()]),
    );
  }

  /** The transaction has the write lock already. */
  async lockForMigration(): Promise<void> {}
  async holdChanges(): Promise<void> {}

  async tableNames(db: Database): Promise<string[]> {
    const names = sql<{
      name: string;
    }>`select name from sqlite_schema where type = 'table' and name not like 'sqlite_%'`;
    return (await names.execute(db)).rows.map((row) => row.name);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(closedError('wait'));
    // After what is under way: its statements would fail half-way.
    await this.#db.connection().execute(async () => {});
    await this.#db.destroy();
  }
}

/** Tries again while another process holds the lock, for a while; nothing has been changed by a try that failed so. */
async function patiently<T>(
  { clock, random, file }: SqliteOptions,
  attempt: string,
  closing: AbortSignal,
  work: () => T | Promise<T>,
): Promise<T> {
  let startedMs: number | undefined;
  let backoff: Backoff | undefined;
  for (;;) {
    if (closing.aborted) throw closedError(attempt);
    try {
      return await work();
    } catch (error) {
      if (closing.aborted && !isSallyportError(error)) throw closedError(attempt, error);
      startedMs ??= clock.nowMs();
      if (!isLocked(error) || clock.nowMs() - startedMs >= lockWaitMs)
        throw translateSqliteError(error, attempt, file);
    }
    backoff ??= new Backoff({ baseMs: blockingWaitMs, capMs: lockRetryMs, random });
    await sleep(clock, blockingWaitMs + backoff.nextMs(), closing);
  }
}

function openDatabase({ file, log }: SqliteOptions): DatabaseSync {
  if (file !== memoryPlace) makePrivate(file);
  const database = new DatabaseSync(file, { timeout: blockingWaitMs });
  try {
    const mode = database.prepare('pragma journal_mode = wal').get()?.['journal_mode'];
    // FULL: the log is on the disk before a commit returns; NORMAL would lose the last commits to a power cut.
    database.exec('pragma synchronous = full');
    database.exec(`pragma journal_size_limit = ${keptLogBytes}`);
    if (mode !== 'wal' && file !== memoryPlace) {
      log.warn(
        'The disk of the database cannot do write-ahead logs; readers and writers wait for each other',
        {
          file,
        },
      );
    }
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Makes the file if it is not there, and keeps everybody else from reading it: it holds hashes and sealed secrets. */
function makePrivate(file: string): void {
  makeFolder(dirname(file));
  let handle: number;
  try {
    handle = openSync(file, 'a', 0o600);
  } catch (error) {
    throw new SallyportError(
      'store-unavailable',
      `Could not open the store: ${errorText(error)}; give this user the right to write the database and its folder.`,
      { cause: error },
    );
  }
  try {
    fchmodSync(handle, 0o600);
  } catch {
    // Somebody else's file that we may write: its mode is his.
  } finally {
    closeSync(handle);
  }
}
