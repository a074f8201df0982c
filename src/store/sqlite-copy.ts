// A copy of a running SQLite database: consistent, whole or not at all, made beside the event loop.
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { errorText, SallyportError } from '#base/errors.ts';
import { makeFolder } from '#base/private-file.ts';
import { translateSqliteError } from './sqlite-errors.ts';

/** More pages than a database has: all in one step, as between steps a change of ours would make it begin anew. */
const allPages = 0x7fff_ffff;

/**
 * Copies `from`, or the connection itself when that is in memory, to `file` (mode 0600), replacing it.
 * @throws SallyportError 'file-unwritable', 'store-unavailable' or 'store-corrupt'
 */
export async function copyDatabase(from: string | DatabaseSync, file: string): Promise<void> {
  makeFolder(dirname(file));
  const temporary = `${file}.${process.pid}.new`;
  // A reader of its own sees one moment, whatever is committed meanwhile.
  const source = typeof from === 'string' ? new DatabaseSync(from, { readOnly: true }) : from;
  try {
    rmSync(temporary, { force: true });
    closeSync(openSync(temporary, 'wx', 0o600));
    await backup(source, temporary, { rate: allPages });
    syncPath(temporary);
    renameSync(temporary, file);
    syncPath(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw copyError(error, file);
  } finally {
    if (source !== from) source.close();
  }
}

function copyError(error: unknown, file: string): unknown {
  const translated = translateSqliteError(error, 'write the backup', file);
  if (translated !== error || (error as NodeJS.ErrnoException).syscall === undefined) return translated;
  const cure = `${errorText(error)}; check the path, its permissions and the free space`;
  return new SallyportError('file-unwritable', `${file} could not be written: ${cure}.`, { cause: error });
}

/** Puts a file's bytes, or a folder's names, on the disk. */
function syncPath(path: string): void {
  const handle = openSync(path, 'r');
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
