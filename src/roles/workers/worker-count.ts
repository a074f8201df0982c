// How many processes an edge runs as.
import { availableParallelism, totalmem } from 'node:os';

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
  return {
    cores: availableParallelism(),
    // Without a limit of its own the process may have the machine's memory; Node then says 0 or 2^64.
    bytes: Math.min(process.constrainedMemory() || Infinity, totalmem()),
  };
}
