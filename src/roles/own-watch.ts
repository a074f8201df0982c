// This process watches itself: an edge, each of its workers, a connector.
import type { CountedClock } from '#base/counted-clock.ts';
import type { Log } from '#base/log.ts';
import { descriptorsNow } from '#base/memory/descriptors.ts';
import { memoryLimitBytes } from '#base/memory/memory-limit.ts';
import { watchProcess } from '#base/memory/process-watch.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';

/** Starts watching; the returned function ends it. */
export function watchOwnProcess(parts: {
  readonly clock: CountedClock;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
}): () => void {
  return watchProcess({
    ...parts,
    residentBytes: () => process.memoryUsage.rss(),
    limitBytes: memoryLimitBytes(),
    descriptors: descriptorsNow,
    pendingTimers: () => parts.clock.pendingTimers,
  });
}
