// The store in PostgreSQL, shared by several edges: a small pool, changes that pass through one row one at a time, and
// LISTEN/NOTIFY so that every edge hears of the others' changes. Nothing waits for ever: when the server is away calls
// fail within seconds, and the next ones find it again by themselves.
import { CompiledQuery, Kysely, PostgresDialect, sql } from 'kysely';
import pg from 'pg';
import type { Clock } from '#base/clock.ts';
import { closedError } from '../closed-error.ts';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { ChangeOptions, Engine } from '../engine.ts';
import { translatePostgresError } from './postgres-errors.ts';
import { changeChannel, PostgresListener } from './postgres-listener.ts';
import { BoundedPool, clientConfig } from './postgres-pool.ts';
import type { Database, Tables, Transacting } from '../tables/tables.ts';

/** Connections for everyday calls: an edge has few at a time, and each costs the server a process. */
const poolSize = 4;
/** One everyday statement. */
const statementMs = 10_000;
/** One statement of a migration, a dump or a restore, which go through whole tables. */
const longStatementMs = 10 * 60_000;
/** Of pg_advisory_xact_lock: "sallyport" in our own numbers, the same in every version. */
const migrationLock = 7_311_550;

/**
 * What is visible is decided by which transactions have ended: between two equal snapshots nothing has been committed. Other
 * databases of the server count, too; a server that was started again may have been restored to an earlier moment.
 */
const markQuery = CompiledQuery.raw(
  "select pg_postmaster_start_time()::text || ' ' || pg_current_snapshot()::text as mark",
);

export interface PostgresOptions {
  readonly url: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
}

/** Makes the engine; connects with the first call. @throws SallyportError 'config-invalid' for a URL that is none */
export function openPostgres(options: PostgresOptions): Engine {
  return new PostgresEngine(options, placeOf(options.url));
}

/** `db.example.com:5432/sallyport`: what a message may show. */
function placeOf(url: string): string {
  try {
    const { host, port, database } = new pg.Client(clientConfig(url, statementMs));
    return host.startsWith('/') ? `${host}/${database}` : `${host}:${port}/${database}`;
  } catch (error) {
    const why = (error as NodeJS.ErrnoException).code === 'ENOENT' ? `: ${errorText(error)}` : '';
    throw new SallyportError(
      'config-invalid',
      `The URL of the store cannot be used${why}; it reads "postgres://user:password@host:5432/database".`,
    );
  }
}

class PostgresEngine implements Engine {
  readonly kind = 'postgres';
  readonly place: string;
  readonly #options: PostgresOptions;
  readonly #db: Database;
  /** Tells our announcements from those of others. */
  readonly #origin: string;
  readonly #watchers = new Set<Watcher>();
  #listener: PostgresListener | undefined;
  #isClosed = false;

  constructor(options: PostgresOptions, place: string) {
    this.#options = options;
    this.place = place;
    this.#origin = options.random.bytes(8).toString('hex');
    this.#db = this.#connect(poolSize, statementMs);
  }

  async run<T>(attempt: string, work: (db: Database) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw closedError(attempt);
    try {
      return await work(this.#db);
    } catch (error) {
      if (this.#isClosed && !isSallyportError(error)) throw closedError(attempt, error);
      throw translatePostgresError(error, attempt, this.place);
    }
  }

  change<T>(
    attempt: string,
    work: (trx: Transacting) => Promise<T>,
    { isLong = false }: ChangeOptions = {},
  ): Promise<T> {
    const begin = (db: Database): Promise<T> => db.transaction().execute(work);
    return this.run(attempt, isLong ? () => this.#withLong(begin) : begin);
  }

  read<T>(
    attempt: string,
    work: (trx: Transacting) => Promise<T>,
    { isLong = false }: ChangeOptions = {},
  ): Promise<T> {
    const begin = (db: Database): Promise<T> =>
      db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);
    return this.run(attempt, isLong ? () => this.#withLong(begin) : begin);
  }

  async announce(trx: Transacting, revision: number): Promise<void> {
    await sql`select pg_notify(${changeChannel}, ${`${this.#origin} ${revision}`})`.execute(trx);
  }

  watch(onForeignChange: () => void, isNews: (revision: number) => boolean): () => void {
    const watcher = { onForeignChange, isNews };
    this.#watchers.add(watcher);
    if (this.#listener) void this.#catchUp(watcher);
    else this.#listener = this.#listen();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size === 0) void this.#stopListening();
    };
  }

  async changeMark(): Promise<string> {
    const { rows } = await this.run('look for changes', (db) => db.executeQuery(markQuery));
    return (rows[0] as { mark: string }).mark;
  }

  async lockForMigration(trx: Transacting): Promise<void> {
    await sql`select pg_advisory_xact_lock(${sql.lit(migrationLock)})`.execute(trx);
  }

  async holdChanges(trx: Transacting): Promise<void> {
    await trx.selectFrom('state').selectAll().forUpdate().execute();
  }

  async tableNames(db: Database): Promise<string[]> {
    const names = sql<{
      name: string;
    }>`select tablename as name from pg_tables where schemaname = current_schema()`;
    return (await names.execute(db)).rows.map((row) => row.name);
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#stopListening();
    await this.#db.destroy();
  }

  /** What was announced before somebody watched; when the server is away, its return will be the news. */
  async #catchUp({ onForeignChange, isNews }: Watcher): Promise<void> {
    const state = await this.run('look for changes', (db) =>
      db.selectFrom('state').select('revision').executeTakeFirst(),
    ).catch(() => undefined);
    if (state && isNews(state.revision)) onForeignChange();
  }

  /** On a connection for this work alone. */
  async #withLong<T>(work: (db: Database) => Promise<T>): Promise<T> {
    const db = this.#connect(1, longStatementMs);
    try {
      return await work(db);
    } finally {
      await db.destroy();
    }
  }

  #connect(size: number, limitMs: number): Database {
    const { url, clock } = this.#options;
    const pool = new BoundedPool({ config: clientConfig(url, limitMs), size, statementMs: limitMs, clock });
    return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }) });
  }

  #listen(): PostgresListener {
    const { url, clock, random, log } = this.#options;
    return new PostgresListener({
      config: clientConfig(url, statementMs),
      ...{ place: this.place, origin: this.#origin, clock, random, log },
      onChange: () => {
        for (const { onForeignChange } of [...this.#watchers]) onForeignChange();
      },
      onFirst: (revision) => {
        for (const { onForeignChange, isNews } of [...this.#watchers])
          if (isNews(revision)) onForeignChange();
      },
    });
  }

  async #stopListening(): Promise<void> {
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.close();
  }
}

interface Watcher {
  readonly onForeignChange: () => void;
  readonly isNews: (revision: number) => boolean;
}
