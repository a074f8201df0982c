// How many processes an edge runs as.
import { availableParallelism } from 'node:os';
import { memoryLimitBytes } from '#base/memory/memory-limit.ts';

/** A machine with less memory for each process has other uses for it: store, cache, and the system's own. */
const bytesForEach = 512 * 1024 * 1024;

/** The number that `workers` of edge.yml means: itself, or for `auto` one for each core, as far as memory goes. */
export function workerCount(
  workers: number | 'auto',
  machine: { readonly cores: number; readonly bytes: number } = thisMachine(),
): number {
  if (workers !== 'auto') return workers;
  return Math.max(1, Math.min(machine.cores, mostByItself, Math.floor(machine.bytes / bytesForEach)));
}

/** Every worker is one more connection for each connector; who wants more says so. */
const mostByItself = 8;

function thisMachine(): { cores: number; bytes: number } {
  return { cores: availableParallelism(), bytes: memoryLimitBytes() };
}
