// Failed attempts in the audit log, folded: the first from an address at an account is written at once, then each power of
// ten, so that a thousand guesses make four rows. All attackers together write at most so many rows an hour; the log says
// what was left out.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { User } from '#model/users/user.ts';
import type { Caller } from '../command.ts';
import type { Control } from '../control.ts';

/** An attempt that failed. */
export interface FailedSignIn {
  /** Undefined: nobody has that name. The name itself is not kept, because people type passwords into that field. */
  readonly user: User | undefined;
  /** What was tried: `password`, `code`, `passkey`, `link`, or an issuer's id. */
  readonly method: string;
  /** Why, in a few words for the owner; the client is told less. */
  readonly reason: string;
}

interface Fold {
  count: number;
  lastMs: number;
}

export interface FailedSignInsOptions {
  readonly control: Control;
  readonly clock: Clock;
  readonly log: Log;
}

const hourMs = 3_600_000;
const longestTable = 5_000;
const maxRowsAnHour = 500;

export class FailedSignIns {
  readonly #options: FailedSignInsOptions;
  readonly #folds = new Map<string, Fold>();
  #hourStartMs = -hourMs;
  #rowsThisHour = 0;

  constructor(options: FailedSignInsOptions) {
    this.#options = options;
  }

  /** Notes a failure. It never fails itself: the client gets his answer either way. */
  async note(failed: FailedSignIn, caller: Caller): Promise<void> {
    const count = this.#count(`${caller.address} ${failed.user?.id ?? ''} ${failed.method}`);
    if (!isPowerOfTen(count) || !this.#hasRoom()) return;
    const { control, log } = this.#options;
    const { user, method, reason } = failed;
    log.warn('A sign-in failed', { user: user?.name ?? '', method, reason, address: caller.address, count });
    try {
      await control.note(
        {
          action: 'failed to sign in',
          noun: 'session',
          objectId: user?.id ?? '',
          objectName: user?.name ?? '(unknown name)',
          before: null,
          after: { method, reason, attempts: count },
        },
        caller,
      );
    } catch (error) {
      log.error('A failed sign-in could not be written to the audit log', { error: errorText(error) });
    }
  }

  #count(key: string): number {
    const now = this.#options.clock.nowMs();
    const found = this.#folds.get(key);
    const fold = found !== undefined && now - found.lastMs < hourMs ? found : { count: 0, lastMs: now };
    fold.count += 1;
    fold.lastMs = now;
    this.#folds.delete(key);
    this.#folds.set(key, fold);
    if (this.#folds.size > longestTable) this.#folds.delete(this.#folds.keys().next().value!);
    return fold.count;
  }

  #hasRoom(): boolean {
    const now = this.#options.clock.nowMs();
    if (now - this.#hourStartMs >= hourMs) {
      this.#hourStartMs = now;
      this.#rowsThisHour = 0;
    }
    this.#rowsThisHour += 1;
    if (this.#rowsThisHour === maxRowsAnHour + 1) {
      this.#options.log.warn('Further failed sign-ins of this hour are left out of the audit log', {
        limit: maxRowsAnHour,
      });
    }
    return this.#rowsThisHour <= maxRowsAnHour;
  }
}

function isPowerOfTen(count: number): boolean {
  return Number.isInteger(Math.log10(count));
}
