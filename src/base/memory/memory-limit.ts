// How much memory this process may have at all.
import { totalmem } from 'node:os';

/** In bytes: what its control group may have, or else the machine's. */
export function memoryLimitBytes(): number {
  // Without a limit of its own the process may have the machine's memory; Node then says 0 or 2^64.
  return Math.min(process.constrainedMemory() || Infinity, totalmem());
}
