// Migrations that come after the present ones, for tests of the mechanism: tables change, documents are rewritten.
import { type Migration, migrations } from '#store/migrations/migrations.ts';

const present = migrations.length;

/** One that adds a table and a column, and appends to the notes of tunnels. */
export const laterMigration: Migration = {
  number: present + 1,
  name: 'extras',
  sql: [
    'create table extras (id {integer} primary key, bytes {bytes})',
    `insert into extras (id) values (7000000000)`,
    `alter table sessions add column extra text not null default 'none'`,
  ],
  rewriteObject: (kind, document) => {
    const { note, ...rest } = document as { note?: string };
    return kind === 'tunnel' ? { ...rest, note: `${note} later` } : document;
  },
};

/** The same once more, for two steps in one start. */
export const evenLaterMigration: Migration = {
  number: present + 2,
  name: 'even more',
  sql: ['alter table extras add column more text'],
  rewriteObject: laterMigration.rewriteObject!,
};

/** One whose second statement fails. */
export const brokenMigration: Migration = {
  number: present + 1,
  name: 'broken',
  sql: ['create table extras (id {integer} primary key)', 'insert into nowhere values (1)'],
};

export const laterMigrations: readonly Migration[] = [...migrations, laterMigration, evenLaterMigration];
