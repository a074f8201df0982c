// Writes all of a store as lines that either database can be filled from (dump-format.ts). Seen at one moment, while the
// store goes on changing.
import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';
import { formatEnd, formatHeader, formatRow } from './dump-format.ts';
import type { Engine } from '../engine.ts';
import type { SqlStore } from '../sql-store.ts';
import { carriedTables, pagesOf } from '../tables/table-rows.ts';
import type { Database } from '../tables/tables.ts';
import { writeWholeFile } from '../whole-file.ts';

/** Text is written in pieces of about this size. */
const pieceChars = 256 * 1024;

/**
 * Writes a dump to `file` (mode 0600), replacing it: objects, audit events, sessions and documents.
 * @throws SallyportError 'file-unwritable', 'store-unavailable', 'store-corrupt'
 */
export async function exportStore(store: SqlStore, file: string): Promise<void> {
  const { engine, surroundings } = store;
  const write = (db: Database): Promise<void> => writeDump(engine, db, file, surroundings.clock.wallMs());
  await engine.read('export the store', write, { isLong: true });
}

/** The same within a transaction that is there already. */
export async function writeDump(engine: Engine, db: Database, file: string, atMs: number): Promise<void> {
  await writeWholeFile(file, async (temporary) => {
    const handle = await open(temporary, 'w');
    const hash = createHash('sha256');
    let piece = '';
    let rows = 0;
    const flush = async (): Promise<void> => {
      hash.update(piece);
      await handle.appendFile(piece);
      piece = '';
    };
    try {
      piece = formatHeader({ version: await versionOf(db), from: engine.kind, atMs });
      for (const table of await carriedTables(engine, db)) {
        for await (const page of pagesOf(db, table)) {
          for (const row of page) {
            piece += formatRow(table, row);
            if (piece.length >= pieceChars) await flush();
          }
          rows += page.length;
        }
      }
      await flush();
      await handle.appendFile(formatEnd(rows, hash.digest('hex')));
    } finally {
      await handle.close();
    }
  });
}

/** How many migrations the tables have seen. */
async function versionOf(db: Database): Promise<number> {
  const applied = await db.selectFrom('sallyport_migrations').select('number').execute();
  return applied.length;
}
