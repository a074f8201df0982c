// Gathers writes: whoever has bytes waiting is flushed once, at the end of the callback that is running or of the turn of
// the event loop, so that what arrived in several small pieces leaves in one system call.

/** Something with bytes waiting. */
export interface Flushable {
  flush(): void;
}

/**
 * Calls `flush` of everyone added, once, when `defer` runs what it is given, or when `most` are waiting: each of them
 * holds memory until then.
 */
export class TurnFlusher {
  readonly #defer: (run: () => void) => void;
  readonly #most: number;
  #waiting: Flushable[] = [];
  readonly #run = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    let flushed = 0;
    try {
      while (flushed < waiting.length) waiting[flushed++]!.flush();
    } finally {
      // One that throws takes nobody else's turn.
      for (const next of waiting.slice(flushed)) this.add(next);
    }
  };

  constructor(defer: (run: () => void) => void, most = Infinity) {
    this.#defer = defer;
    this.#most = most;
  }

  add(flushable: Flushable): void {
    const waiting = this.#waiting.push(flushable);
    if (waiting >= this.#most) this.#run();
    else if (waiting === 1) this.#defer(this.#run);
  }
}
