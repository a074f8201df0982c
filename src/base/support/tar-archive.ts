// Writes a tar archive (POSIX.1-1988, ustar) of small files in memory.
//
//   entry    header of 512 bytes | content, padded to 512        end    two empty blocks
import { Buffer } from 'node:buffer';

const blockBytes = 512;

export interface TarEntry {
  /** At most 100 bytes. */
  readonly name: string;
  readonly content: Buffer;
}

/** The archive; only its owner may read what is unpacked. */
export function tarArchive(entries: readonly TarEntry[], mtimeMs: number): Buffer {
  const blocks = entries.flatMap(({ name, content }) => [
    headerOf(name, content.length, mtimeMs),
    content,
    Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes),
  ]);
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)]);
}

function headerOf(name: string, bytes: number, mtimeMs: number): Buffer {
  const header = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, digits: number): void => {
    header.write(`${value.toString(8).padStart(digits, '0')}\0`, at, 'latin1');
  };
  header.write(name, 0, 100, 'utf8');
  octal(0o600, 100, 7);
  octal(0, 108, 7);
  octal(0, 116, 7);
  octal(bytes, 124, 11);
  octal(Math.floor(mtimeMs / 1000), 136, 11);
  header.write('        0', 148, 'latin1');
  header.write('ustar\x0000', 257, 'latin1');
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return header;
}
