// Full-jitter exponential backoff: the first retry is at once, then a random wait below a doubling ceiling.
// The jitter keeps a thousand connectors from returning in the same second after an edge restarts.
import type { Random } from './random.ts';

export interface BackoffOptions {
  /** Ceiling of the second attempt's wait. */
  readonly baseMs: number;
  /** No wait is ever longer than this. */
  readonly capMs: number;
  readonly random: Random;
}

/** Counts failed attempts and says how long to wait before the next. */
export class Backoff {
  readonly #options: BackoffOptions;
  #failures = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  /** The wait before the next attempt: 0 after the first failure, then random below min(cap, base * 2^n). */
  nextMs(capMs = this.#options.capMs): number {
    const { baseMs, random } = this.#options;
    const exponent = this.#failures - 1;
    this.#failures += 1;
    if (exponent < 0) return 0;
    return Math.floor(random.fraction() * Math.min(capMs, baseMs * 2 ** Math.min(exponent, 30)));
  }

  /** How many waits were handed out since the last success. */
  get failures(): number {
    return this.#failures;
  }

  /** To be called after a success: the next failure is retried at once again. */
  reset(): void {
    this.#failures = 0;
  }
}
