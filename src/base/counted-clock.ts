// A clock that knows how many of its timers are yet to fire: a number that only grows is a leak that memory shows much later.
import type { Clock, Timer } from './clock.ts';

export interface CountedClock extends Clock {
  /** Timers that were set and have neither fired nor been cancelled. */
  readonly pendingTimers: number;
}

/** The same time, with its timers counted. */
export function countTimers(clock: Clock): CountedClock {
  let pending = 0;
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    after(delayMs, run): Timer {
      let isPending = true;
      const settle = (): void => {
        if (isPending) pending -= 1;
        isPending = false;
      };
      pending += 1;
      const timer = clock.after(delayMs, () => {
        settle();
        run();
      });
      return {
        cancel() {
          settle();
          timer.cancel();
        },
      };
    },
    get pendingTimers() {
      return pending;
    },
  };
}
