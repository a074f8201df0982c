// What the two databases do each in their own way, below the shared queries of sql-store.ts: begin and end transactions,
// tell their errors in our words, watch for changes of others, copy themselves.
import type { Database, Transacting } from './tables/tables.ts';

export interface ChangeOptions {
  /** Goes through whole tables: has minutes instead of seconds, and a connection of its own where there are several. */
  readonly isLong?: boolean;
}

export interface Engine {
  readonly kind: 'sqlite' | 'postgres';
  /** Where the database is, without secrets; for messages. */
  readonly place: string;

  /** Runs single statements. `attempt` completes "could not ..." in errors. */
  run<T>(attempt: string, work: (db: Database) => Promise<T>): Promise<T>;
  /** Runs `work` in one transaction that may write; it is durable when this resolves, undone when it rejects. */
  change<T>(attempt: string, work: (trx: Transacting) => Promise<T>, options?: ChangeOptions): Promise<T>;
  /** Runs `work` on one unchanging view of the database. */
  read<T>(attempt: string, work: (trx: Transacting) => Promise<T>, options?: ChangeOptions): Promise<T>;

  /** Within a transaction: tells other processes of the new revision as soon as it is kept. */
  announce(trx: Transacting, revision: number): Promise<void>;
  /** See Store.watch. `isNews` says whether this revision is another than the one this process knows. */
  watch(onForeignChange: () => void, isNews: (revision: number) => boolean): () => void;
  /** See Store.changeMark. */
  changeMark(): Promise<string>;
  /** Keeps migrating processes apart; within the transaction of a migration. */
  lockForMigration(trx: Transacting): Promise<void>;
  /** Within that transaction: makes changes of other processes wait for its end. */
  holdChanges(trx: Transacting): Promise<void>;
  /** Names of the tables that there are. */
  tableNames(db: Database): Promise<string[]>;
  /** Writes the database to a file in its own form, which opens as a store again; undefined where it has no such form. */
  readonly copy?: (file: string) => Promise<void>;
  close(): Promise<void>;
}
