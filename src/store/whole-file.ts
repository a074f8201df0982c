// A file that appears under its name only when all of it is on the disk, readable by its owner only.
import { closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { errorText, isSallyportError, SallyportError } from '#base/errors.ts';
import { makeFolder } from '#base/secrets/private-file.ts';

/**
 * Lets `write` fill a temporary file beside `file` (it is there, empty, mode 0600), then replaces `file` by it.
 * @throws SallyportError 'file-unwritable', or what `write` threw when it is not an error of the file system
 */
export async function writeWholeFile(
  file: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  makeFolder(dirname(file));
  const temporary = `${file}.${process.pid}.new`;
  try {
    rmSync(temporary, { force: true });
    closeSync(openSync(temporary, 'wx', 0o600));
    await write(temporary);
    syncPath(temporary);
    renameSync(temporary, file);
    syncPath(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    const { syscall } = error as NodeJS.ErrnoException;
    if (isSallyportError(error) || syscall === undefined) throw error;
    const cure = `${errorText(error)}; check the path, its permissions and the free space`;
    throw new SallyportError('file-unwritable', `${file} could not be written: ${cure}.`, { cause: error });
  }
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
