// How the tables came to be: an append-only list. What has been released is never edited (its checksum is kept in every
// database and compared); a change of tables, or of a noun's schema that old documents would fail, is a new entry, with a
// fixture of the version before it in test/store/fixtures.
import { createHash } from 'node:crypto';
import type { ObjectKind } from '../store.ts';

export interface Migration {
  /** 1, 2, 3 ... */
  readonly number: number;
  readonly name: string;
  /** Statements for both databases; `{integer}` and `{bytes}` stand for the type that each has for it. */
  readonly sql: readonly string[];
  /** Brings the document of an object to its new shape; runs after the statements. */
  readonly rewriteObject?: (kind: ObjectKind, document: unknown) => unknown;
}

/** Types that the two databases name differently. 64 bits for integers: times are in milliseconds. */
const typeNames = {
  sqlite: { integer: 'integer', bytes: 'blob' },
  postgres: { integer: 'bigint', bytes: 'bytea' },
} as const;

/** A migration's statements in the words of one database. */
export function statementsOf(migration: Migration, kind: 'sqlite' | 'postgres'): string[] {
  const { integer, bytes } = typeNames[kind];
  return migration.sql.map((text) => text.replaceAll('{integer}', integer).replaceAll('{bytes}', bytes));
}

/** Hex SHA-256 of the statements: tells a migration from another one that bears its number. */
export function checksumOf(migration: Migration): string {
  return createHash('sha256').update(migration.sql.join(';\n')).digest('hex');
}

export const migrations: readonly Migration[] = [
  {
    number: 1,
    name: 'first tables',
    sql: [
      `create table state (
        id {integer} primary key,
        revision {integer} not null,
        audit_sequence {integer} not null
      )`,
      'insert into state (id, revision, audit_sequence) values (1, 0, 0)',
      `create table objects (
        kind text not null,
        id text not null,
        name text,
        version {integer} not null,
        document text not null,
        primary key (kind, id),
        constraint objects_name unique (kind, name)
      )`,
      `create table audit_events (
        sequence {integer} primary key,
        id text not null,
        at_ms {integer} not null,
        noun text not null,
        object_id text not null,
        actor_id text not null,
        search text not null,
        document text not null
      )`,
      'create index audit_events_at on audit_events (at_ms)',
      'create index audit_events_noun on audit_events (noun, sequence)',
      'create index audit_events_object on audit_events (object_id, sequence)',
      'create index audit_events_actor on audit_events (actor_id, sequence)',
      `create table sessions (
        hash text primary key,
        id text not null unique,
        user_id text not null,
        created_at_ms {integer} not null,
        last_seen_at_ms {integer} not null,
        expires_at_ms {integer} not null,
        document text not null
      )`,
      'create index sessions_user on sessions (user_id)',
      'create index sessions_expiry on sessions (expires_at_ms)',
      `create table tickets (
        hash text primary key,
        purpose text not null,
        data text not null,
        expires_at_ms {integer} not null
      )`,
      'create index tickets_expiry on tickets (expires_at_ms)',
      `create table documents (
        collection text not null,
        key text not null,
        bytes {bytes} not null,
        primary key (collection, key)
      )`,
      `create table leases (
        name text primary key,
        holder text not null,
        until_ms {integer} not null
      )`,
    ],
  },
];
