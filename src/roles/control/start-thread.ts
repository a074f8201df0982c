// Starts the program once more as a thread, in each of the forms in which it comes: the sources of a checkout, the bundled
// file, the single executable (whose bundle is among its assets). main.ts looks at `workerData` and runs what it names.
import { getAsset, isSea } from 'node:sea';
import { Worker } from 'node:worker_threads';

/** What main.ts finds in `workerData`. */
export interface ThreadData {
  readonly sallyportThread: 'control';
  readonly settings: unknown;
}

/** The control plane needs far less; a leak must end it, not the edge. */
const heapLimitMb = 512;

/** Starts it. */
export function startThread(data: ThreadData): Worker {
  const options = { workerData: data, resourceLimits: { maxOldGenerationSizeMb: heapLimitMb } };
  if (isSea()) return new Worker(getAsset('thread.cjs', 'utf8'), { ...options, eval: true });
  const isCheckout = import.meta.url.endsWith('.ts');
  return new Worker(new URL(isCheckout ? '../../main.ts' : import.meta.url, import.meta.url), options);
}
