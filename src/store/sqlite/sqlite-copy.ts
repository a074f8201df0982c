// A copy of a running SQLite database: consistent, whole or not at all, made beside the event loop.
import { backup, DatabaseSync } from 'node:sqlite';
import { translateSqliteError } from './sqlite-errors.ts';
import { writeWholeFile } from '../whole-file.ts';

/** More pages than a database has: all in one step, as between steps a change of ours would make it begin anew. */
const allPages = 0x7fff_ffff;

/**
 * Copies `from`, or the connection itself when that is in memory, to `file` (mode 0600), replacing it.
 * @throws SallyportError 'file-unwritable', 'store-unavailable' or 'store-corrupt'
 */
export async function copyDatabase(from: string | DatabaseSync, file: string): Promise<void> {
  await writeWholeFile(file, async (temporary) => {
    // A reader of its own sees one moment, whatever is committed meanwhile.
    const source = typeof from === 'string' ? new DatabaseSync(from, { readOnly: true }) : from;
    try {
      await backup(source, temporary, { rate: allPages });
    } catch (error) {
      throw translateSqliteError(
        error,
        `copy the store to ${file}`,
        typeof from === 'string' ? from : 'in memory',
      );
    } finally {
      if (source !== from) source.close();
    }
  });
}
