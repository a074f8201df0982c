// The last good configuration beside the store: from it an edge starts whose store cannot be reached or read.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SallyportError } from '#base/errors.ts';
import { replaceFile } from '#base/secrets/private-file.ts';
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

/**
 * A database that is gone must not be taken for one that was never there: a new, empty one would take every route out of
 * service, and this file with it.
 * @throws SallyportError 'store-unavailable' with the ways out
 */
export function refuseLostDatabase({ storeUrl, dataDir }: { storeUrl: string; dataDir: string }): void {
  const file = storeUrl.startsWith('file:') ? storeUrl.slice('file:'.length) : undefined;
  if (file === undefined || existsSync(file)) return;
  const lastGood = readLastGood(dataDir);
  if (!lastGood || lastGood.revision === 0) return;
  throw new SallyportError(
    'store-unavailable',
    `The database ${file} is gone, and this edge had kept ${lastGood.revision} changes in it: stop the edge and fill a new one with "sallyport restore", or delete ${join(dataDir, fileName)} to begin with nothing.`,
  );
}

/** Replaces it in one step. @throws SallyportError 'file-unwritable' */
export function writeLastGood(dataDir: string, served: Served): void {
  replaceFile(join(dataDir, fileName), formatServed(served), 0o600);
}
