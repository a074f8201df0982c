// Work that is done again and again, owned by whoever stops it.
import type { Clock, Timer } from './clock.ts';
import type { Log } from './log.ts';

export interface RepetitionOptions {
  readonly clock: Clock;
  /** From the end of one turn to the beginning of the next. */
  readonly everyMs: number;
  readonly work: () => void | Promise<void>;
  /** What it does, for the log, at the beginning of a sentence: `The look at the store`. */
  readonly what: string;
  readonly log: Log;
}

/** The first turn is after `everyMs`; no two overlap, and one that fails does not keep the next from coming. */
export class Repetition {
  readonly #options: RepetitionOptions;
  #timer: Timer | undefined;
  #isStopped = false;
  #hasFailed = false;

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
    try {
      await this.#options.work();
      this.#hasFailed = false;
    } catch (error) {
      this.#note(error);
    }
    this.#schedule();
  }

  /** Told once, until a turn succeeds. What its owner expects to fail he handles himself; this is a mistake of ours. */
  #note(error: unknown): void {
    const { log, what } = this.#options;
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (!this.#hasFailed && !this.#isStopped)
      log.error(`${what} has failed; it is tried again`, { error: text });
    this.#hasFailed = true;
  }
}
