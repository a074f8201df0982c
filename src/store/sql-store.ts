// The store over either database: one set of queries (the *-table.ts files), each call within one transaction of the
// engine. Which databases there are is open-store.ts's concern.
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { AuditEvent } from '#model/users/audit-event.ts';
import type { Session } from '#model/users/session.ts';
import { insertAudit, pruneAudit, readAudit } from './tables/audit-table.ts';
import * as documents from './tables/document-table.ts';
import type { Engine } from './engine.ts';
import { exportStore } from './dumps/export-store.ts';
import * as leases from './tables/lease-table.ts';
import type { Migration } from './migrations/migrations.ts';
import { changeObjects, objectRows, readObjects, selectObjects } from './tables/object-table.ts';
import * as sessions from './tables/session-table.ts';
import type { AuditQuery, Change, Store, StoredState, Ticket } from './store.ts';
import type { Database, Transacting } from './tables/tables.ts';
import * as tickets from './tables/ticket-table.ts';

/** What a store was opened with besides its place; exports and restores open others with the same. */
export interface Surroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly migrations: readonly Migration[];
}

export class SqlStore implements Store {
  readonly kind: 'sqlite' | 'postgres';
  /** For this room: the queries that go through whole tables are outside this class. */
  readonly engine: Engine;
  readonly surroundings: Surroundings;
  /** The newest revision that this process has read or written. */
  #knownRevision = 0;

  constructor(engine: Engine, surroundings: Surroundings) {
    this.engine = engine;
    this.surroundings = surroundings;
    this.kind = engine.kind;
  }

  async load(): Promise<StoredState> {
    const { revision, rows } = await this.engine.read('load the state', async (trx) => ({
      revision: await readRevision(trx),
      rows: await selectObjects(trx),
    }));
    const objects = await readObjects(rows);
    this.#knownRevision = Math.max(this.#knownRevision, revision);
    return { revision, objects };
  }

  async commit(change: Change): Promise<number> {
    const rows = await objectRows(change.puts);
    const revision = await this.engine.change('keep a change', async (trx) => {
      const counted = await trx
        .updateTable('state')
        .set((eb) => ({
          revision: eb('revision', '+', 1),
          audit_sequence: eb('audit_sequence', '+', change.audit.length),
        }))
        .where('revision', '=', change.baseRevision)
        .returning(['revision', 'audit_sequence'])
        .executeTakeFirst();
      if (!counted) throw staleError(change.baseRevision);
      await changeObjects(trx, rows, change.deletes);
      await insertAudit(trx, change.audit, counted.audit_sequence);
      await sessions.endSessionsOf(trx, change.endSessionsOf ?? []);
      await this.engine.announce(trx, counted.revision);
      return counted.revision;
    });
    this.#knownRevision = Math.max(this.#knownRevision, revision);
    return revision;
  }

  watch(onForeignChange: () => void): () => void {
    return this.engine.watch(onForeignChange, (revision) => revision > this.#knownRevision);
  }

  changeMark(): Promise<string> {
    return this.engine.changeMark();
  }

  async appendAudit(events: readonly AuditEvent[]): Promise<void> {
    if (events.length === 0) return;
    await this.engine.change('write the audit log', async (trx) => {
      const counted = await trx
        .updateTable('state')
        .set((eb) => ({ audit_sequence: eb('audit_sequence', '+', events.length) }))
        .returning('audit_sequence')
        .executeTakeFirstOrThrow();
      await insertAudit(trx, events, counted.audit_sequence);
    });
  }

  readAudit(query: AuditQuery): Promise<{ events: AuditEvent[]; nextCursor: string | undefined }> {
    return this.#run('read the audit log', (db) => readAudit(db, query));
  }

  pruneAudit(beforeMs: number): Promise<number> {
    return this.#run('prune the audit log', (db) => pruneAudit(db, beforeMs));
  }

  putSession(session: Session): Promise<void> {
    return this.#run('keep a session', (db) => sessions.putSession(db, session));
  }

  findSession(hash: string): Promise<Session | undefined> {
    return this.#run('look up a session', (db) => sessions.findSession(db, hash));
  }

  touchSession(hash: string, lastSeenAtMs: number): Promise<void> {
    return this.#run('keep a session', (db) => sessions.touchSession(db, hash, lastSeenAtMs));
  }

  listSessions(userId: string | undefined, nowMs: number): Promise<Session[]> {
    return this.#run('list sessions', (db) => sessions.listSessions(db, userId, nowMs));
  }

  endSession(id: string): Promise<number> {
    return this.#run('end a session', (db) => sessions.endSession(db, id));
  }

  endSessionsOf(userId: string, exceptHash?: string): Promise<number> {
    return this.#run('end sessions', (db) => sessions.endSessionsOf(db, [userId], exceptHash));
  }

  putTicket(ticket: Ticket): Promise<void> {
    return this.#run('keep a one-time secret', (db) => tickets.putTicket(db, ticket));
  }

  takeTicket(hash: string, purpose: string, nowMs: number): Promise<Ticket | undefined> {
    return this.#run('redeem a one-time secret', (db) => tickets.takeTicket(db, hash, purpose, nowMs));
  }

  sweep(nowMs: number): Promise<void> {
    return this.engine.change('remove what has expired', async (trx) => {
      await sessions.sweepSessions(trx, nowMs);
      await tickets.sweepTickets(trx, nowMs);
    });
  }

  getDocument(collection: string, key: string): Promise<Uint8Array | undefined> {
    return this.#run('read a document', (db) => documents.getDocument(db, collection, key));
  }

  putDocument(collection: string, key: string, bytes: Uint8Array): Promise<void> {
    return this.#run('keep a document', (db) => documents.putDocument(db, collection, key, bytes));
  }

  deleteDocument(collection: string, key: string): Promise<void> {
    return this.#run('delete a document', (db) => documents.deleteDocument(db, collection, key));
  }

  listDocuments(collection: string): Promise<{ key: string; bytes: Uint8Array }[]> {
    return this.#run('list documents', (db) => documents.listDocuments(db, collection));
  }

  takeLease(name: string, holder: string, nowMs: number, untilMs: number): Promise<boolean> {
    return this.#run('take a lease', (db) => leases.takeLease(db, name, holder, nowMs, untilMs));
  }

  releaseLease(name: string, holder: string): Promise<void> {
    return this.#run('release a lease', (db) => leases.releaseLease(db, name, holder));
  }

  async backup(file: string): Promise<void> {
    if (this.engine.copy) await this.engine.copy(file);
    else await exportStore(this, file);
  }

  close(): Promise<void> {
    return this.engine.close();
  }

  #run<T>(attempt: string, work: (db: Database) => Promise<T>): Promise<T> {
    return this.engine.run(attempt, work);
  }
}

async function readRevision(trx: Transacting): Promise<number> {
  const state = await trx.selectFrom('state').select('revision').executeTakeFirst();
  if (state) return state.revision;
  throw new SallyportError('store-corrupt', 'The row of table "state" is missing; restore a backup.');
}

function staleError(baseRevision: number): SallyportError {
  return new SallyportError(
    'conflict',
    `The change was decided on revision ${baseRevision}, and another has come since; decide again on the present one.`,
  );
}
