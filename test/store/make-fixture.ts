// `node test/store/make-fixture.ts`: writes what a full store of the present version looks like, as a dump and as the SQL
// of an SQLite database, to test/store/fixtures. To be run once for each version, before the next migration is added.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { fileURLToPath } from 'node:url';
import { exportStore } from '#store/dumps/export-store.ts';
import { migrations } from '#store/migrations/migrations.ts';
import { fillStore } from '#testkit/full-store.ts';
import { memoryStore } from '#testkit/memory-store.ts';

const target = (ending: string): string =>
  fileURLToPath(new URL(`fixtures/version-${migrations.length}.${ending}`, import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'sallyport-fixture-'));
const store = await memoryStore();
try {
  await fillStore(store);
  // As many events as tell one page from two would be a large file that shows nothing more.
  await store.pruneAudit(Date.UTC(2026, 0, 1, 12) + 1_200);
  await exportStore(store, target('dump'));
  await store.backup(join(folder, 'copy.db'));
  writeFileSync(target('sql'), sqlOf(join(folder, 'copy.db')));
} finally {
  await store.close();
  rmSync(folder, { recursive: true });
}

/** Statements that make the same database again. */
function sqlOf(file: string): string {
  const database = new DatabaseSync(file, { readOnly: true });
  const made = database.prepare(
    `select type, name, sql from sqlite_schema where sql is not null order by type = 'index', name`,
  );
  const statements: string[] = [];
  for (const { type, name, sql } of made.all()) {
    statements.push(String(sql));
    if (type !== 'table') continue;
    const columns = database.prepare(`pragma table_info(${String(name)})`).all();
    const quoted = columns.map((column) => `quote("${String(column['name'])}")`).join(` || ', ' || `);
    for (const row of database.prepare(`select ${quoted} as "values" from "${String(name)}"`).all())
      statements.push(`insert into "${String(name)}" values (${String(row['values'])})`);
  }
  database.close();
  return `${statements.join(';\n')};\n`;
}
