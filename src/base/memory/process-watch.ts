// The process watches itself: an event loop that was held up delays every request, memory that grows ends in a kill without
// a word, and without a file descriptor clients are turned away without one. All are metrics, and lines in the log before it
// is too late.
import type { Clock } from '../clock.ts';
import type { Log } from '../log.ts';
import type { MetricsRegistry } from '../metrics/metrics.ts';
import { descriptorCure, type Descriptors, isWithoutDescriptor } from './descriptors.ts';

export interface ProcessWatchOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  /** Bytes that the process holds now. */
  readonly residentBytes: () => number;
  /** Bytes that it may hold before it is killed: the container's limit, or the machine's memory; 0 when nobody knows. */
  readonly limitBytes: number;
  /** File descriptors now; undefined where nobody knows. Throws when none is left to look with. */
  readonly descriptors: () => Descriptors | undefined;
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
  // What was true a second ago serves where asking fails.
  const residentBytes = lastGood(options.residentBytes, 0, () => undefined);
  const descriptors = lastGood(options.descriptors, undefined, (error) => {
    if (!isWithoutDescriptor(error)) return;
    tell(`No file descriptor is left, and clients are turned away; ${descriptorCure}`, {});
  });
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
  metrics.collect('sallyport_open_descriptors', 'File descriptors that the process has open.', 'gauge', () =>
    gaugeOf(descriptors()?.open),
  );
  metrics.collect('sallyport_descriptor_limit', 'File descriptors that it may have.', 'gauge', () =>
    gaugeOf(descriptors()?.limit),
  );
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
    const { open, limit } = descriptors() ?? { open: 0, limit: Infinity };
    if (open > limit * worryPart)
      tell(`File descriptors are nearly used up; ${descriptorCure}`, { open, limit });
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

/** Asking takes a descriptor, and a process that has none left must not end of its own watchdog: what it heard last goes on. */
function lastGood<Value>(ask: () => Value, first: Value, failed: (error: unknown) => void): () => Value {
  let last = first;
  return () => {
    try {
      last = ask();
    } catch (error) {
      failed(error);
    }
    return last;
  };
}

/** No line where nobody knows. */
function gaugeOf(value: number | undefined): [Readonly<Record<string, string>>, number][] {
  return value === undefined ? [] : [[{}, value]];
}
