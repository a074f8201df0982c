// The process watches itself: an event loop that was held up delays every request, and memory that grows ends in a kill
// without a word. Both are metrics, and a line in the log before it is too late.
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';

export interface ProcessWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /** Bytes that the process holds now. */
  readonly residentBytes: () => number;
  /** Bytes that it may hold before it is killed: the container's limit, or the machine's memory; 0 when nobody knows. */
  readonly limitBytes: number;
  /** Timers that are yet to fire. */
  readonly pendingTimers: () => number;
}

const lookEveryMs = 1_000;
/** A look that comes so late was held up; clients of a busy edge notice half a second. */
const heldUpMs = 500;
/** The longest delay is shown for so long, so that a scrape a minute sees it. */
const windowMs = 60_000;
/** Part of the limit that is worth a word while there is time to act. */
const worryPart = 0.8;
/** The same worry is told once in so long. */
const quietMs = 600_000;

/** Starts watching; the returned function ends it. */
export function watchProcess(options: ProcessWatchOptions): () => void {
  const { clock, log, metrics, limitBytes } = options;
  let lastBytes = 0;
  // Asking takes a descriptor; a process that has none left must not end of its own watchdog.
  const residentBytes = (): number => {
    try {
      lastBytes = options.residentBytes();
    } catch {
      // What was true a second ago serves.
    }
    return lastBytes;
  };
  let delays: { readonly atMs: number; readonly ms: number }[] = [];
  const toldMs = new Map<string, number>();
  const tell = (message: string, fields: Readonly<Record<string, number>>): void => {
    const nowMs = clock.nowMs();
    if (nowMs - (toldMs.get(message) ?? -Infinity) < quietMs) return;
    toldMs.set(message, nowMs);
    log.warn(message, fields);
  };
  const longestMs = (): number => delays.reduce((longest, { ms }) => Math.max(longest, ms), 0);
  metrics.collect(
    'sallyport_event_loop_delay_seconds',
    'Longest time in the last minute that the event loop was held up.',
    'gauge',
    () => [[{}, longestMs() / 1000]],
  );
  metrics.collect('sallyport_resident_bytes', 'Memory that the process holds.', 'gauge', () => [
    [{}, residentBytes()],
  ]);
  metrics.collect('sallyport_memory_limit_bytes', 'Memory that it may hold; 0: not known.', 'gauge', () => [
    [{}, limitBytes],
  ]);
  metrics.collect('sallyport_timers', 'Timers that are yet to fire.', 'gauge', () => [
    [{}, options.pendingTimers()],
  ]);

  let dueMs = clock.nowMs() + lookEveryMs;
  const look = (): void => {
    const nowMs = clock.nowMs();
    const lateMs = Math.max(0, nowMs - dueMs);
    delays = delays.filter(({ atMs }) => nowMs - atMs < windowMs);
    if (lateMs >= heldUpMs) {
      delays.push({ atMs: nowMs, ms: lateMs });
      tell('The event loop was held up; is the machine short of processor time, or suspended?', { lateMs });
    }
    const bytes = residentBytes();
    if (limitBytes > 0 && bytes > limitBytes * worryPart)
      tell('Memory is nearly used up; give the process more, or look at what grows', {
        residentBytes: bytes,
        limitBytes,
      });
    dueMs = nowMs + lookEveryMs;
    timer = clock.after(lookEveryMs, look);
  };
  let timer = clock.after(lookEveryMs, look);
  return () => timer.cancel();
}
