// How long a link waits between two attempts to reach its edge. At once, then about every second while the edge has been
// away for less than half a minute (it restarts, a line blinks: what the wait costs is downtime), then slower and slower.
// An edge that refuses the credentials is asked rarely. Every wait is random, so that many connectors do not come in step.
import { Backoff } from '#base/backoff.ts';
import type { Random } from '#base/random.ts';

/** First ceiling of the waits, and the last. */
const baseMs = 500;
const capMs = 15_000;
/**
 * An outage is young for so long, and until then no wait is longer. One attempt a second and link is nothing to an edge
 * that is there, and a refused connection or an unanswered SYN where it is not.
 */
const youngMs = 30_000;
const youngCapMs = 2_000;
/** After a refusal: slow enough to disturb nobody, quick enough to notice that a key was put back. */
const refusedMs = { least: 15_000, most: 60_000 };
/** A connection that lived this long was a success; shorter ones count as failures, so that flapping slows down. */
const stableMs = 10_000;
/** One that was asked to move was a success sooner: edges that are replaced every other second are still no flapping. */
const stableMovedMs = 1_000;

/** What the last attempt or connection came to. */
export interface Attempt {
  readonly nowMs: number;
  /** How long there was a connection; 0 for none. */
  readonly livedMs: number;
  readonly isRefused: boolean;
  /** The edge has asked for a connection to its successor: that is no failure, however short this one lived. */
  readonly isMoved?: boolean;
}

/** The waits of one link. */
export class RetryPace {
  readonly #backoff: Backoff;
  readonly #random: Random;
  /** Since when there has been no connection that lasted. */
  #awaySinceMs: number | undefined;
  #hasShortcut = true;

  constructor(random: Random) {
    this.#random = random;
    this.#backoff = new Backoff({ baseMs, capMs, random });
  }

  /** How long to wait before the next attempt. */
  nextMs({ nowMs, livedMs, isRefused, isMoved = false }: Attempt): number {
    if (livedMs >= (isMoved ? stableMovedMs : stableMs)) {
      this.#backoff.reset();
      this.#awaySinceMs = nowMs;
      this.#hasShortcut = true;
    }
    this.#awaySinceMs ??= nowMs;
    if (isRefused) return refusedMs.least + this.#random.fraction() * (refusedMs.most - refusedMs.least);
    const isYoung = nowMs - this.#awaySinceMs < youngMs;
    return this.#backoff.nextMs(isYoung ? youngCapMs : capMs);
  }

  /** Whether a wait may be cut short, because others have reached the edge: once an outage, or links that flap drive each other. */
  takeShortcut(): boolean {
    const had = this.#hasShortcut;
    this.#hasShortcut = false;
    return had;
  }
}
