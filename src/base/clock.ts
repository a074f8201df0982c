// Time as a dependency. Protocol logic takes `now` as an argument; whatever schedules work takes a Clock,
// so tests can move time by hand (testkit/fake-clock.ts).

/** A scheduled call; cancelling twice is harmless. */
export interface Timer {
  cancel(): void;
}

/** Monotonic and wall time in milliseconds, and timers on the monotonic one. */
export interface Clock {
  /** Milliseconds since an arbitrary origin; never goes back, whatever happens to the wall clock. */
  nowMs(): number;
  /** Milliseconds since the Unix epoch, as the machine believes. */
  wallMs(): number;
  /** Runs `run` once after `delayMs`. The timer does not keep the process alive. */
  after(delayMs: number, run: () => void): Timer;
}

/** What Node's timers can count (24.8 days); a longer delay would fire at once. */
const longestTimerMs = 2 ** 31 - 1;

/** As a constant: the global is looked up by a function each time. */
const monotonic = performance;

/** What both clocks say while `atOneMoment` runs; negative while it does not. */
let momentMs = -1;
let momentWallMs = 0;

/** The machine's own clock. HOT: asked some ten times a request. */
export const systemClock: Clock = {
  nowMs: () => (momentMs >= 0 ? momentMs : monotonic.now()),
  wallMs: () => (momentMs >= 0 ? momentWallMs : Date.now()),
  after(delayMs, run) {
    const handle = setTimeout(run, Math.min(delayMs, longestTimerMs));
    handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
};

/**
 * Runs `run`, during which time stands still for whoever asks the machine's clock: all that is handled in one go happens at one
 * moment, and asking for the time anew, for each request and each step of it, would cost more than many a step.
 */
export function atOneMoment(run: () => void): void {
  if (momentMs >= 0) return run();
  momentMs = monotonic.now();
  momentWallMs = Date.now();
  try {
    run();
  } finally {
    momentMs = -1;
  }
}

/** The next moment begins, since what was handled in this one has taken time that is told to somebody; returns it by `clock`. */
export function nextMoment(clock: Clock): number {
  if (momentMs >= 0) momentMs = monotonic.now();
  return clock.nowMs();
}

/** Resolves after `delayMs`, or rejects with the signal's reason as soon as it fires. */
export function sleep(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const onAbort = (): void => {
      timer.cancel();
      reject(signal.reason as Error);
    };
    const timer = clock.after(delayMs, () => {
      signal.removeEventListener('abort', onAbort);
      resolve();
    });
    signal.addEventListener('abort', onAbort, { once: true });
  });
}
