// The tables as the queries see them, the same in SQLite and PostgreSQL. What they are made of stands in migrations.ts;
// this file says what a row looks like now. Configuration is kept as JSON beside the few columns that queries need.
import type { Kysely, Transaction } from 'kysely';

/** One row (id 1) that counts: changes of objects, and audit events. Every change passes through it, one at a time. */
export interface StateRow {
  id: number;
  revision: number;
  audit_sequence: number;
}

/** An object of the configuration. `name` is lower-cased and unique among its kind; null where the noun has none. */
export interface ObjectRow {
  kind: string;
  id: string;
  name: string | null;
  version: number;
  /** JSON of the whole noun. */
  document: string;
}

/** An audit event. `sequence` is the order of recording, which a corrected clock does not change. */
export interface AuditRow {
  sequence: number;
  id: string;
  at_ms: number;
  noun: string;
  object_id: string;
  actor_id: string;
  /** Lower-cased names, action and address: what a search looks through. */
  search: string;
  /** JSON of the whole event. */
  document: string;
}

/** A browser that has signed in. `last_seen_at_ms` is newer than what `document` says. */
export interface SessionRow {
  hash: string;
  id: string;
  user_id: string;
  created_at_ms: number;
  last_seen_at_ms: number;
  expires_at_ms: number;
  /** JSON of the whole session. */
  document: string;
}

/** A one-time secret, by the hash of what was handed out. */
export interface TicketRow {
  hash: string;
  purpose: string;
  /** JSON for whoever redeems it. */
  data: string;
  expires_at_ms: number;
}

/** Bytes of another room. They may be secrets, which that room has sealed before handing them over. */
export interface DocumentRow {
  collection: string;
  key: string;
  bytes: Uint8Array;
}

/** Who does the work that only one edge may do, and until when. */
export interface LeaseRow {
  name: string;
  holder: string;
  until_ms: number;
}

/** A migration that has been applied. */
export interface MigrationRow {
  number: number;
  name: string;
  checksum: string;
  applied_at_ms: number;
}

export interface Tables {
  state: StateRow;
  objects: ObjectRow;
  audit_events: AuditRow;
  sessions: SessionRow;
  tickets: TicketRow;
  documents: DocumentRow;
  leases: LeaseRow;
  sallyport_migrations: MigrationRow;
}

export type Database = Kysely<Tables>;
/** A database within a transaction; queries that must not run outside one take it. */
export type Transacting = Transaction<Tables>;
