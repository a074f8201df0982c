// Something that may fail and is tried again, ever less often, until it succeeds: a full disk stays so for a while.
import { Backoff } from '#base/backoff.ts';
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Random } from '#base/random.ts';

/** Drawing an RSA key in vain takes a second of a core; who has made room waits a minute at most. */
const pauses = { baseMs: 2_000, capMs: 60_000 };

export class RepeatedTry {
  readonly #clock: Pick<Clock, 'nowMs'>;
  readonly #backoff: Backoff;
  #why = '';
  #fromMs = -Infinity;

  constructor({ clock, random }: { readonly clock: Pick<Clock, 'nowMs'>; readonly random: Random }) {
    this.#clock = clock;
    this.#backoff = new Backoff({ ...pauses, random });
  }

  /** Why it failed last, '' where it did not. */
  get why(): string {
    return this.#why;
  }

  /** It may be tried now: it has not failed, or some time ago. */
  get isDue(): boolean {
    return this.#clock.nowMs() >= this.#fromMs;
  }

  /** It has failed, and may be tried now. */
  get isOwed(): boolean {
    return this.#why !== '' && this.isDue;
  }

  /** It has failed; true where it had not before. One that was tried before its time waits no longer for that. */
  fail(error: unknown): boolean {
    const isFirst = this.#why === '';
    this.#why = errorText(error);
    if (this.isDue) this.#fromMs = this.#clock.nowMs() + this.#backoff.nextMs();
    return isFirst;
  }

  succeed(): void {
    this.#why = '';
    this.#fromMs = -Infinity;
    this.#backoff.reset();
  }
}
