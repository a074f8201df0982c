// Writing files that hold secrets or state: whole or not at all, readable by their owner only, folders made on the way.
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { link, open, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { errorText, SallyportError } from '../errors.ts';

/** Makes a folder (0700) and those above it. */
export function makeFolder(folder: string): void {
  attempt(folder, () => makeMissing(resolve(folder)));
}

/** Node's own `recursive` tries for ever where a folder that is there says "no such file" to a new one in it, as /proc does. */
function makeMissing(folder: string): void {
  if (isFolder(folder)) return;
  makeMissing(dirname(folder));
  try {
    mkdirSync(folder, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!isFolder(folder)) throw error;
  }
}

function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Replaces `file` in one step: a reader sees the old text or the new one, a crash leaves no half. */
export function replaceFile(file: string, text: string, mode: number): void {
  makeFolder(dirname(file));
  const temporary = `${file}.${process.pid}.new`;
  attempt(file, () => {
    rmSync(temporary, { force: true });
    try {
      writeFileSync(temporary, text, { mode, flag: 'wx' });
      renameSync(temporary, file);
    } catch (error) {
      // What a full disk took of it would lie there for ever.
      rmSync(temporary, { force: true });
      throw error;
    }
  });
}

/**
 * Like replaceFile, without holding up the process, and durable once it resolves: a loss of power a moment later leaves
 * the new text. `unique` keeps writers of the same file in several processes apart.
 */
export async function replaceFileDurably(
  file: string,
  text: string,
  { mode, unique }: { readonly mode: number; readonly unique: string },
): Promise<void> {
  const temporary = `${file}.${unique}.new`;
  try {
    const handle = await open(temporary, 'w', mode);
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(file, error);
  }
}

/** As `createFileOnce`, without holding up the process. `unique` keeps writers of the same file in several processes apart. */
export async function createOnce(
  file: string,
  text: string,
  { mode, unique }: { readonly mode: number; readonly unique: string },
): Promise<boolean> {
  const draft = `${file}.${unique}.new`;
  try {
    await writeFile(draft, text, { mode });
    await linkOrWrite(draft, file, text, mode);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw unwritable(file, error);
  } finally {
    await rm(draft, { force: true });
  }
}

async function linkOrWrite(draft: string, file: string, text: string, mode: number): Promise<void> {
  try {
    // link(2) never replaces.
    await link(draft, file);
  } catch (error) {
    if (!hasNoLinks(error)) throw error;
    const handle = await open(file, 'wx', mode);
    try {
      await handle.writeFile(text);
    } catch (fault) {
      // As in createFile: what a full disk took of it is not to be taken for the whole.
      await rm(file, { force: true });
      throw fault;
    } finally {
      await handle.close();
    }
  }
}

/** Writes a file that must not be there yet. One that finds no room leaves nothing: half a key would be taken for a whole one. */
export function createFile(file: string, text: string, mode: number): void {
  makeFolder(dirname(file));
  attempt(file, () => {
    const descriptor = openSync(file, 'wx', mode);
    try {
      writeFileSync(descriptor, text);
    } catch (error) {
      rmSync(file, { force: true });
      throw error;
    } finally {
      closeSync(descriptor);
    }
  });
}

/**
 * Makes a file with its text, unless it is there: whoever finds it finds it whole, and of several processes that try at the same
 * time exactly one succeeds. False when another was first. For what a first start makes up, in a folder that two edges share.
 */
export function createFileOnce(file: string, text: string, mode: number): boolean {
  makeFolder(dirname(file));
  const draft = `${file}.${process.pid}.new`;
  try {
    rmSync(draft, { force: true });
    writeFileSync(draft, text, { mode, flag: 'wx' });
    // link(2) never replaces.
    linkSync(draft, file);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    if (!hasNoLinks(error)) throw unwritable(file, error);
  } finally {
    rmSync(draft, { force: true });
  }
  try {
    createFile(file, text, mode);
    return true;
  } catch (error) {
    if (((error as Error).cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

/** Whether this is what file systems say that have no hard links. */
function hasNoLinks(error: unknown): boolean {
  return ['EPERM', 'ENOTSUP', 'ENOSYS'].includes((error as NodeJS.ErrnoException).code ?? '');
}

function attempt(path: string, write: () => void): void {
  try {
    write();
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** The error for a file that could not be written, with its cure. */
export function unwritable(path: string, error: unknown): SallyportError {
  const isThere = (error as NodeJS.ErrnoException).code === 'EEXIST';
  const cure = isThere
    ? 'it already exists and is never overwritten; move it away or name another path'
    : `${errorText(error)}; check the path, its permissions and the free space`;
  return new SallyportError('file-unwritable', `${path} could not be written: ${cure}.`, { cause: error });
}
