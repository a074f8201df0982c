// The two phases of a drain. Phase one: DRAIN says "no new streams, please", DRAIN_ACK "none will come any more".
// Phase two: when the last stream has ended, or at the deadline, the end that began closes the connection.
// Either end may begin, even both at once. An edge that hands its listeners over only asks its connectors to move: it goes on
// opening streams for the clients that it still has, and begins its own drain when those are gone.

/** Where one connection's drain stands. */
export class Drain {
  #isSent = false;
  #isAsked = false;
  #isAcknowledged = false;
  #isPeerDraining = false;
  #deadlineMs = Infinity;
  readonly #waiting: (() => void)[] = [];

  /** True once either end has begun. */
  get isBegun(): boolean {
    return this.#isSent || this.#isPeerDraining;
  }

  get deadlineMs(): number {
    return this.#deadlineMs;
  }

  /** True when this end began and must close the connection once it is idle. */
  get closesWhenIdle(): boolean {
    return this.#isAcknowledged && this.#isSent;
  }

  /** The peer is asked to move on, and nothing else changes here; true when DRAIN must be sent. */
  ask(): boolean {
    if (this.#isAsked || this.#isSent) return false;
    return (this.#isAsked = true);
  }

  /** Begins here; true when DRAIN must be sent. A later call may only bring the deadline nearer. */
  begin(deadlineMs: number): boolean {
    this.#deadlineMs = Math.min(this.#deadlineMs, deadlineMs);
    const isFirst = !this.#isSent && !this.#isAsked;
    this.#isSent = true;
    return isFirst;
  }

  /** Resolves when the peer has acknowledged, or the connection has ended. */
  acknowledged(): Promise<void> {
    if (this.#isAcknowledged) return Promise.resolve();
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  /** The peer's DRAIN; true the first time. */
  receiveDrain(): boolean {
    const isFirst = !this.#isPeerDraining;
    this.#isPeerDraining = true;
    return isFirst;
  }

  /** The peer's DRAIN_ACK; false when none was awaited. */
  receiveAck(): boolean {
    if (!(this.#isSent || this.#isAsked) || this.#isAcknowledged) return false;
    this.#isAcknowledged = true;
    this.settle();
    return true;
  }

  /** Lets every waiter go; also when the connection ends. */
  settle(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }
}
