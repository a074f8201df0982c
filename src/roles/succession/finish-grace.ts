// How long goes on here what is under way when the successor is succeeded itself (handover.ts: `finish`).
import type { Clock, Timer } from '#base/clock.ts';

/**
 * What is under way may take so long to end: a client of HTTP/2 has been asked to leave by then, and a short request answered,
 * also where one upgrade follows another at once.
 */
const finishGraceMs = 10_000;

/** Counts from when it is asked to finish until it is closed. */
export class FinishGrace {
  readonly #over = new AbortController();
  readonly #asked: AbortSignal;
  readonly #clock: Clock;
  #timer: Timer | undefined;

  constructor(asked: AbortSignal, clock: Clock) {
    this.#asked = asked;
    this.#clock = clock;
    if (asked.aborted) this.#begin();
    else asked.addEventListener('abort', this.#begin, { once: true });
  }

  /** Fires when it is over. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Everything here has ended: nothing fires any more. */
  close(): void {
    this.#asked.removeEventListener('abort', this.#begin);
    this.#timer?.cancel();
  }

  readonly #begin = (): void => {
    this.#timer = this.#clock.after(finishGraceMs, () => this.#over.abort());
  };
}
