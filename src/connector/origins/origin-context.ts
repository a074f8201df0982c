// What all origins of a connector share: the clock, gathered writes, roots.
import { BufferPool } from '#base/io/buffer-pool.ts';
import type { Clock } from '#base/clock.ts';
import { gatherBufferBytes } from '#base/io/gather-writer.ts';
import { TurnFlusher } from '#base/io/turn-flusher.ts';
import type { OriginContext, OriginEvents } from './origin.ts';
import { OriginRoots } from './origin-roots.ts';

/** Makes it, once for each connector. */
export function createOriginContext(clock: Clock, events: OriginEvents): OriginContext {
  return {
    clock,
    flusher: new TurnFlusher((run) => process.nextTick(run)),
    partFlusher: new TurnFlusher(setImmediate),
    pool: new BufferPool(gatherBufferBytes),
    events,
    roots: new OriginRoots(),
  };
}
