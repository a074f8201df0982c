// Starts the control plane's thread in each of the forms in which the program comes: the sources of a checkout, the release's
// files, the single executable (which has them among its assets).
import { getAsset, isSea } from 'node:sea';
import { setFlagsFromString } from 'node:v8';
import { Worker } from 'node:worker_threads';
import type { ControlSettings } from './control-contract.ts';

/** The control plane needs far less; a leak must end it, not the edge. */
const heapLimitMb = 512;

/**
 * The young generation's halves: what an answer leaves behind is little, and 2 MB each, as the main thread has, would only be
 * walked through. A flag, since `resourceLimits` gives way to the one that the process was started with.
 */
const semiSpaceFlag = '--max-semi-space-size=1';

/** Starts it. */
export function startThread(settings: ControlSettings): Worker {
  // Heaps that are there already keep theirs.
  setFlagsFromString(semiSpaceFlag);
  const options = { workerData: settings, resourceLimits: { maxOldGenerationSizeMb: heapLimitMb } };
  if (isSea()) return new Worker(getAsset('start.cjs', 'utf8'), { ...options, eval: true });
  const file = import.meta.url.endsWith('.ts') ? './thread-main.ts' : './control-thread.mjs';
  return new Worker(new URL(file, import.meta.url), options);
}
