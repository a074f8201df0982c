// This process gives back memory that it does not need any more: an edge, each of its workers, a connector.
import type { Clock } from '#base/clock.ts';
import { emptyBufferPools } from '#base/io/buffer-pool.ts';
import { findMallocTrim } from '#base/memory/malloc-trim.ts';
import { residentNow } from '#base/memory/resident.ts';
import { findTextRelease } from '#base/memory/program-text.ts';
import { garbageCollection, returnMemory } from '#base/memory/memory-return.ts';

/** Starts giving back; the returned function ends it. */
export function returnOwnMemory(clock: Clock): () => void {
  const collectGarbage = garbageCollection();
  return returnMemory({
    ...{ clock, resident: residentNow },
    cpuMs() {
      const { user, system } = process.cpuUsage();
      return (user + system) / 1_000;
    },
    collect() {
      emptyBufferPools();
      collectGarbage();
    },
    ...{ trim: findMallocTrim(), releaseText: findTextRelease() },
  });
}
