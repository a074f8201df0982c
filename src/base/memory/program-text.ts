// The program's own file in memory: machine code and constants, which the system reads from disk when they are first touched
// and keeps in the process from then on. Starting touches 60 MB of Node's, of which a serving edge needs a third. What is
// released here is still in the system's page cache, and comes back by a fault of a microsecond where it is needed.
import { readFileSync } from 'node:fs';
import { findCFunction } from './c-library.ts';

/** A part of a file that is mapped as it stands there. */
export interface TextRegion {
  readonly start: bigint;
  readonly bytes: bigint;
}

/** Linux' MADV_DONTNEED (madvise(2)): of a private mapping of a file, the next touch reads the file again. */
const madviseDontNeed = 4;

/**
 * The parts of `file` that nobody can write to and that nobody has ever written to, by a text as `/proc/self/smaps` holds it
 * (proc(5)). What the dynamic linker wrote before it closed it to writing (RELRO) is not in the file, and is left out.
 */
export function cleanRegions(smaps: string, file: string): TextRegion[] {
  return smaps
    .split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)
    .filter((text) => /^\S+ r-[x-]p /.test(text) && text.slice(0, text.indexOf('\n')).endsWith(` ${file}`))
    .filter((text) => /^Anonymous:\s+0 kB$/m.test(text) && /^Private_Dirty:\s+0 kB$/m.test(text))
    .map((text) => {
      const [, start, end] = /^([0-9a-f]+)-([0-9a-f]+) /.exec(text)!;
      return { start: BigInt(`0x${start}`), bytes: BigInt(`0x${end}`) - BigInt(`0x${start}`) };
    });
}

/** Releases the program's text; undefined where it cannot be done. It takes a millisecond. */
export function findTextRelease(): (() => void) | undefined {
  const madvise = process.platform === 'linux' ? findCFunction('madvise', ['u64', 'u64', 'i32']) : undefined;
  if (!madvise) return undefined;
  let regions: readonly TextRegion[] | undefined;
  return () => {
    regions ??= cleanRegions(readFileSync('/proc/self/smaps', 'latin1'), process.execPath);
    for (const { start, bytes } of regions) madvise(start, bytes, madviseDontNeed);
  };
}
