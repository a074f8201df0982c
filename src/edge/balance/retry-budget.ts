// How many second tries a route may make: a share of its requests, and a few for routes that have hardly any. Without it the
// requests of a service that is down would all come twice. No clock: `nowMs` is an argument.

/** A second try that a quiet route may make each second. */
const leastPerSecond = 1;
/** Saved up at most; a burst of failures is not followed by one of retries. */
const mostSaved = 20;

export class RetryBudget {
  #share: number;
  #saved = mostSaved / 2;
  #lastMs: number | undefined;

  /** `percent` of the requests. */
  constructor(percent: number) {
    this.#share = percent / 100;
  }

  apply(percent: number): void {
    this.#share = percent / 100;
  }

  /** HOT: once per request. */
  requested(): void {
    this.#saved = Math.min(mostSaved, this.#saved + this.#share);
  }

  /** Takes one, if there is one; none at all where the share is 0. */
  take(nowMs: number): boolean {
    if (this.#share === 0) return false;
    const passed = this.#lastMs === undefined ? 0 : nowMs - this.#lastMs;
    this.#lastMs = nowMs;
    this.#saved = Math.min(mostSaved, this.#saved + (passed / 1000) * leastPerSecond);
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }
}
