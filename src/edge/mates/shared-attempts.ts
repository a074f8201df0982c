// Guesses at page passwords over all workers: an attempt that one lets begin is counted by all, and what became of it, too.
import type { Attempt, AttemptLimits, AttemptReceipt } from '#base/secrets/attempt-limits.ts';
import type { Random } from '#base/random.ts';
import { createUuid } from '#base/text/uuid.ts';
import type { MateNews, Mates } from './mates.ts';

/** Attempts of others whose end is awaited; the oldest stay counted as failed. */
const mostOpen = 1_000;

export class SharedAttempts {
  readonly #limits: AttemptLimits;
  readonly #random: Random;
  readonly #mates: Mates | undefined;
  readonly #theirs = new Map<string, AttemptReceipt>();

  constructor(
    limits: AttemptLimits,
    { random, mates }: { readonly random: Random; readonly mates: Mates | undefined },
  ) {
    this.#limits = limits;
    this.#random = random;
    this.#mates = mates;
    mates?.hear('attempt', (news) => this.#heard(news));
  }

  /** As AttemptLimits.begin. @throws SallyportError 'too-many-requests' */
  begin(attempt: Attempt): AttemptReceipt {
    const receipt = this.#limits.begin(attempt);
    const mates = this.#mates;
    if (!mates) return receipt;
    const { address, account = '' } = attempt;
    const id = createUuid(this.#random);
    const tell = (state: MateNews['attempt']['state']): void =>
      mates.tell('attempt', { id, address, account, state });
    tell('begun');
    return {
      takeBack() {
        receipt.takeBack();
        tell('taken-back');
      },
      succeeded() {
        receipt.succeeded();
        tell('succeeded');
      },
    };
  }

  #heard({ id, address, account, state }: MateNews['attempt']): void {
    if (state === 'begun') {
      this.#theirs.set(id, this.#limits.note({ address, account }));
      if (this.#theirs.size > mostOpen) this.#theirs.delete(this.#theirs.keys().next().value!);
      return;
    }
    const receipt = this.#theirs.get(id);
    this.#theirs.delete(id);
    if (state === 'succeeded') receipt?.succeeded();
    else receipt?.takeBack();
  }
}
