// Gathers writes of one turn of the event loop: what arrives for an origin in several small frames of one tunnel
// read leaves in one system call.

/** Something with bytes waiting for the end of the current callback. */
export interface Flushable {
  flush(): void;
}

/** Calls `flush` of everyone added, once, after the callback that is running. */
export class TickFlusher {
  #waiting: Flushable[] = [];
  readonly #run = (): void => {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (let i = 0; i < waiting.length; i++) waiting[i]!.flush();
  };

  add(flushable: Flushable): void {
    if (this.#waiting.push(flushable) === 1) process.nextTick(this.#run);
  }
}
