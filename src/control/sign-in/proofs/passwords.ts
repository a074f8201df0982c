// Hashing as a service with a limit: each hash takes 19 MiB and a core for some 60 ms, so one runs at a time and few wait.
// Who asks for somebody that does not exist causes the same work.
import { SallyportError } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import {
  hashCost,
  hashOfNothing,
  hashPassword,
  type HashCost,
  isOutdatedHash,
  isPasswordOf,
} from '#base/secrets/password-hash.ts';

export interface PasswordsOptions {
  readonly random: Random;
  /** Cheaper in tests. */
  readonly cost?: HashCost;
}

/** Hashes that may wait: about two seconds of work. */
const maxWaiting = 32;

/** What comparing a password has shown. */
export interface PasswordCheck {
  readonly isRight: boolean;
  /** The hash is to be made anew, with the parameters of today. */
  readonly isOutdated: boolean;
}

export class Passwords {
  readonly #random: Random;
  readonly #cost: HashCost;
  readonly #hashOfNothing: string;
  #queue: Promise<unknown> = Promise.resolve();
  #waiting = 0;

  constructor({ random, cost = hashCost }: PasswordsOptions) {
    this.#random = random;
    this.#cost = cost;
    this.#hashOfNothing = hashOfNothing(random, cost);
  }

  /** @throws SallyportError 'too-many-requests' */
  hash(password: string): Promise<string> {
    return this.#inTurn(() => hashPassword(password, this.#random, this.#cost));
  }

  /** Compares with a hash, or with nothing at the same cost. @throws SallyportError 'too-many-requests' */
  async check(password: string, hash: string | null | undefined): Promise<PasswordCheck> {
    const isRight = await this.#inTurn(() => isPasswordOf(hash ?? this.#hashOfNothing, password));
    return { isRight: isRight && hash != null, isOutdated: hash != null && isOutdatedHash(hash, this.#cost) };
  }

  async #inTurn<T>(work: () => Promise<T>): Promise<T> {
    if (this.#waiting >= maxWaiting) {
      throw new SallyportError('too-many-requests', 'Too many people sign in at this moment; try again.', {
        facts: { retryAfterS: 3 },
      });
    }
    this.#waiting += 1;
    const done = this.#queue.then(work);
    this.#queue = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      this.#waiting -= 1;
    }
  }
}
