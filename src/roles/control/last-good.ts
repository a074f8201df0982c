// The last good configuration beside the store: from it an edge starts whose store cannot be reached or read.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { replaceFile } from '#base/private-file.ts';
import { formatServed, parseServed, type Served } from '#control/snapshot.ts';

const fileName = 'last-good.json';

/** Reads it; undefined when there is none, or it is not whole. */
export function readLastGood(dataDir: string): Served | undefined {
  try {
    return parseServed(readFileSync(join(dataDir, fileName), 'utf8'));
  } catch {
    return undefined;
  }
}

/** Replaces it in one step. @throws SallyportError 'file-unwritable' */
export function writeLastGood(dataDir: string, served: Served): void {
  replaceFile(join(dataDir, fileName), formatServed(served), 0o600);
}
