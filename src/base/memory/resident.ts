// What a process has in memory, told apart: its own, which nobody else can have while it holds it, and files as they stand on
// disk (the program itself, above all), which the system may take back at any moment.
import { readFileSync } from 'node:fs';

/** Bytes in memory. */
export interface Resident {
  readonly ownBytes: number;
  readonly fileBytes: number;
}

/** Of this process, now. Where the system does not tell them apart all is its own. @throws when there is no descriptor left */
export function residentNow(): Resident {
  const bytes = process.memoryUsage.rss();
  const filePart = process.platform === 'linux' ? filePartOf(readFileSync('/proc/self/statm', 'latin1')) : 0;
  return { ownBytes: bytes * (1 - filePart), fileBytes: bytes * filePart };
}

/** The part of what is resident that is of files: the third number of `/proc/self/statm` by the second, both in pages (proc(5)). */
export function filePartOf(statm: string): number {
  const [, resident, ofFiles] = statm.split(' ').map(Number);
  return resident && ofFiles ? ofFiles / resident : 0;
}
