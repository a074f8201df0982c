// The part of a file system that the cache's disk half uses; passed in, so that tests can have a disk that is full.
import { mkdir, open, readdir, readFile, rename, rm, unlink } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';

/** An open file. */
export type OpenFile = Pick<FileHandle, 'read' | 'write' | 'writev' | 'stat' | 'sync' | 'close'>;

export interface FileSystem {
  open(path: string, flags: string): Promise<OpenFile>;
  readFile(path: string): Promise<Buffer>;
  /** Names in a folder. */
  list(folder: string): Promise<string[]>;
  /** Makes a folder and those above it. */
  makeFolder(folder: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  /** Deletes a folder with all that is in it. */
  clear(folder: string): Promise<void>;
}

/** Only the edge's own user may read what it keeps. */
const fileMode = 0o600;
const folderMode = 0o700;

/** The machine's own. */
export const realFileSystem: FileSystem = {
  open: (path, flags) => open(path, flags, fileMode),
  readFile: (path) => readFile(path),
  list: (folder) => readdir(folder),
  async makeFolder(folder) {
    await mkdir(folder, { recursive: true, mode: folderMode });
  },
  rename,
  unlink,
  clear: (folder) => rm(folder, { recursive: true, force: true }),
};
