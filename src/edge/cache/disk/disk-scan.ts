// What an earlier process has left on disk, found file by file while the edge already serves. A file that is not whole, or
// that nobody could use any more, goes.
import { decodeFooter, decodeHeader, fileMagic, footerBytes } from './entry-file.ts';
import type { EntryHeader } from './entry-file.ts';
import type { FileSystem } from './file-system.ts';

/** Enough for nearly every header; longer ones take a second read. */
const tailBytes = 16_384;
/** Files looked at at the same time: the edge has its own reads to do. */
const atOnce = 2;

/** A file's header and sizes. */
export interface FoundFile {
  readonly header: EntryHeader;
  readonly bodyBytes: number;
  readonly fileBytes: number;
}

/** Reads the header of a file; undefined when the file is not whole. The body is not looked at. */
export async function readHeader(files: FileSystem, path: string): Promise<FoundFile | undefined> {
  const file = await files.open(path, 'r');
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - tailBytes);
    let tail = Buffer.allocUnsafeSlow(size - start);
    await file.read(tail, 0, tail.length, start);
    const footer = decodeFooter(tail.subarray(-footerBytes), size);
    if (!footer || size < fileMagic.length) return undefined;
    const wanted = footer.headerBytes + footerBytes;
    if (wanted > tail.length) {
      tail = Buffer.allocUnsafeSlow(wanted);
      await file.read(tail, 0, wanted, size - wanted);
    }
    const end = tail.length - footerBytes;
    const header = decodeHeader(tail.subarray(end - footer.headerBytes, end), footer);
    return header && { header, bodyBytes: footer.bodyBytes, fileBytes: size };
  } finally {
    await file.close();
  }
}

export interface ScanOptions {
  readonly files: FileSystem;
  readonly folder: string;
  /** Whether to go on. */
  readonly isWanted: () => boolean;
  /** Told of each whole file; false: it is of no use and goes. */
  readonly found: (name: string, file: FoundFile) => boolean;
}

/** Looks at every file. */
export async function scanFiles({ files, folder, isWanted, found }: ScanOptions): Promise<void> {
  const look = async (path: string, name: string): Promise<void> => {
    const file = await readHeader(files, path).catch(() => undefined);
    if (!file || !found(name, file)) await files.unlink(path).catch(() => undefined);
  };
  for (const shard of await files.list(folder).catch(() => [])) {
    if (!/^[0-9a-f]{2}$/.test(shard)) continue;
    const names = await files.list(`${folder}/${shard}`).catch(() => []);
    for (let at = 0; at < names.length; at += atOnce) {
      if (!isWanted()) return;
      await Promise.all(names.slice(at, at + atOnce).map((name) => look(`${folder}/${shard}/${name}`, name)));
    }
  }
}
