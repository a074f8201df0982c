// How far the records of each wanted hostname are, and since when; a change of state is one line in the log.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { NameState } from '#model/desired-name.ts';

/** A state with its age. */
export interface StatedName extends NameState {
  /** Wall time, milliseconds since 1970, of the last change of `state`. */
  readonly sinceMs: number;
}

export class NameStates {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #states = new Map<string, StatedName>();

  constructor({ clock, log }: { readonly clock: Clock; readonly log: Log }) {
    this.#clock = clock;
    this.#log = log;
  }

  get(hostname: string): StatedName | undefined {
    return this.#states.get(hostname);
  }

  all(): StatedName[] {
    return [...this.#states.values()];
  }

  set(state: NameState): void {
    const before = this.#states.get(state.hostname);
    const isSame = before?.state === state.state;
    this.#states.set(state.hostname, { ...state, sinceMs: isSame ? before.sinceMs : this.#clock.wallMs() });
    if (isSame || state.state === 'pending') return;
    const fields = { hostname: state.hostname, zone: state.zone, detail: state.detail };
    if (state.state === 'good') this.#log.info('A hostname leads here', fields);
    else this.#log.warn(`A hostname's DNS is ${wordOf[state.state]}`, fields);
  }

  /** Forgets those that nobody wants any more. */
  keepOnly(hostnames: readonly string[]): void {
    const wanted = new Set(hostnames);
    for (const hostname of this.#states.keys()) if (!wanted.has(hostname)) this.#states.delete(hostname);
  }
}

const wordOf = {
  conflict: "in somebody else's hands",
  failed: 'not as it should be',
  unmanaged: 'not managed here',
} as const;
