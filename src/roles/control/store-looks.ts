// Asks the store twice a second whether anything in it has changed, with one cheap question for all who follow it. Sessions end
// and keys are exchanged without a change of the configuration, here or at another edge; an idle edge reads none of it again.
import type { Clock } from '#base/clock.ts';
import { Repetition } from '#base/repetition.ts';
import type { Store } from '#store/store.ts';

/** Looks when something may have changed, or when it has reasons of its own; must not throw. */
export type Follower = (mayHaveChanged: boolean) => Promise<void>;

export interface StoreLooksOptions {
  readonly clock: Clock;
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
    this.#repetition = new Repetition({ clock: options.clock, everyMs, work: () => this.#look() });
  }

  /** Asks `follower` at every look from now on. The first may find what came before, so it is to look. */
  follow(follower: Follower): void {
    this.#followed.add(new Followed(follower));
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
    this.#options.onLook?.(mark !== undefined);
    for (const followed of this.#followed) followed.tell(mayHaveChanged);
  }
}

/** One that is still looking (it draws a key, or the store is slow) holds up nobody else, and is told at the next look. */
class Followed {
  readonly #follower: Follower;
  #isLooking = false;
  #isOwed = true;

  constructor(follower: Follower) {
    this.#follower = follower;
  }

  tell(mayHaveChanged: boolean): void {
    this.#isOwed ||= mayHaveChanged;
    if (this.#isLooking) return;
    const isDue = this.#isOwed;
    this.#isOwed = false;
    this.#isLooking = true;
    void this.#follower(isDue).finally(() => (this.#isLooking = false));
  }
}
