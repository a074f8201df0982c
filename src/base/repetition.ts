// Work that is done again and again, owned by whoever stops it.
import type { Clock, Timer } from './clock.ts';

export interface RepetitionOptions {
  readonly clock: Clock;
  /** From the end of one turn to the beginning of the next. */
  readonly everyMs: number;
  /** One turn; must not throw. */
  readonly work: () => void | Promise<void>;
}

/** The first turn is after `everyMs`; no two overlap. */
export class Repetition {
  readonly #options: RepetitionOptions;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: RepetitionOptions) {
    this.#options = options;
    this.#schedule();
  }

  /** No further turn begins; one that is under way ends by itself. */
  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #schedule(): void {
    if (this.#isStopped) return;
    const { clock, everyMs } = this.#options;
    this.#timer = clock.after(everyMs, () => void this.#turn());
  }

  async #turn(): Promise<void> {
    await this.#options.work();
    this.#schedule();
  }
}
