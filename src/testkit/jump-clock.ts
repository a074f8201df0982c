// A clock that never makes anybody wait: when nothing else is left to do, it jumps to the next timer that is due. For tests
// whose world is in memory and whose code sleeps for minutes, as rate limits have it do.
import type { Clock, Timer } from '#base/clock.ts';

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

export class JumpClock implements Clock {
  #nowMs = 0;
  readonly #wallStartMs: number;
  #order = 0;
  #entries: Entry[] = [];
  #isPumping = false;

  constructor(wallStartMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallStartMs = wallStartMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallStartMs + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#entries.push(entry);
    if (!this.#isPumping) this.#pump();
    return { cancel: () => void (this.#entries = this.#entries.filter((one) => one !== entry)) };
  }

  /** One timer at a time, so that whoever it wakes may do all that it can before the next. */
  #pump(): void {
    this.#isPumping = true;
    setImmediate(() => {
      const [next] = this.#entries.toSorted((a, b) => a.dueMs - b.dueMs || a.order - b.order);
      if (next) {
        this.#entries = this.#entries.filter((one) => one !== next);
        this.#nowMs = Math.max(this.#nowMs, next.dueMs);
        next.run();
      }
      if (this.#entries.length > 0) this.#pump();
      else this.#isPumping = false;
    });
  }
}
