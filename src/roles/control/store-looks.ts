// Asks the store twice a second whether anything in it has changed, with one cheap question for all who follow it. Sessions end
// and keys are exchanged without a change of the configuration, here or at another edge; an idle edge reads none of it again.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import { Repetition } from '#base/repetition.ts';
import type { Store } from '#store/store.ts';

/** Looks when something may have changed, or when it has reasons of its own. */
export type Follower = (mayHaveChanged: boolean) => Promise<void>;

export interface StoreLooksOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly store: Pick<Store, 'changeMark'>;
  /** Told at every look whether the store has answered. */
  readonly onLook?: (answers: boolean) => void;
}

/** Who signs out is out within a second everywhere, and a key that was taken back is worth nothing. */
const everyMs = 400;

export class StoreLooks {
  readonly #options: StoreLooksOptions;
  readonly #followed = new Set<Followed>();
  #mark: string | undefined;
  readonly #repetition: Repetition;
  #isStopped = false;

  constructor(options: StoreLooksOptions) {
    this.#options = options;
    this.#repetition = new Repetition({
      ...{ ...options, everyMs, what: 'The look at the store' },
      work: () => this.#look(),
    });
  }

  /** Asks `follower` at every look from now on. The first may find what came before, so it is to look. */
  follow(follower: Follower): void {
    this.#followed.add(new Followed(follower, this.#options.log));
  }

  stop(): void {
    this.#isStopped = true;
    this.#repetition.stop();
  }

  async #look(): Promise<void> {
    // A store that is away may have changed.
    const mark = await this.#options.store.changeMark().catch(() => undefined);
    if (this.#isStopped) return;
    const mayHaveChanged = mark === undefined || mark !== this.#mark;
    this.#mark = mark;
    for (const followed of this.#followed) followed.tell(mayHaveChanged);
    this.#options.onLook?.(mark !== undefined);
  }
}

/** One that is still looking (it draws a key, or the store is slow) holds up nobody else, and is told at the next look. */
class Followed {
  readonly #follower: Follower;
  readonly #log: Log;
  #isLooking = false;
  #isOwed = true;
  #hasFailed = false;

  constructor(follower: Follower, log: Log) {
    this.#follower = follower;
    this.#log = log;
  }

  tell(mayHaveChanged: boolean): void {
    this.#isOwed ||= mayHaveChanged;
    if (this.#isLooking) return;
    const isDue = this.#isOwed;
    this.#isOwed = false;
    this.#isLooking = true;
    void this.#look(isDue);
  }

  /** One that fails is told of once, and has its look still to come. */
  async #look(isDue: boolean): Promise<void> {
    try {
      await this.#follower(isDue);
      this.#hasFailed = false;
    } catch (error) {
      this.#isOwed ||= isDue;
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      if (!this.#hasFailed) this.#log.error('Changes in the store could not be followed', { error: text });
      this.#hasFailed = true;
    } finally {
      this.#isLooking = false;
    }
  }
}
