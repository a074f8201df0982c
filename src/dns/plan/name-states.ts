// How far the records of each wanted hostname are, and since when; a change of state is one line in the log.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { NameState } from '#model/dns/desired-name.ts';

/** A state with its age. */
export interface StatedName extends NameState {
  /** Wall time, milliseconds since 1970, of the last change of `state`. */
  readonly sinceMs: number;
  /** What was wrong last, and when; it stays when it has healed. */
  readonly lastError: Noted | undefined;
  /** The last change by another hand that was found. */
  readonly lastDrift: Noted | undefined;
}

/** A sentence and the wall time, in milliseconds since 1970, at which it became true. */
export interface Noted {
  readonly detail: string;
  readonly atMs: number;
}

export class NameStates {
  readonly #clock: Clock;
  readonly #log: Log;
  readonly #changed: () => void;
  readonly #states = new Map<string, StatedName>();

  /** `changed` is told whenever a name is in another state than before. */
  constructor(options: { readonly clock: Clock; readonly log: Log; readonly changed?: () => void }) {
    this.#clock = options.clock;
    this.#log = options.log;
    this.#changed = options.changed ?? (() => {});
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
    const nowMs = this.#clock.wallMs();
    const isWrong = state.state === 'failed' || state.state === 'conflict';
    this.#states.set(state.hostname, {
      ...state,
      sinceMs: isSame ? before.sinceMs : nowMs,
      lastError: isWrong ? { detail: state.detail, atMs: nowMs } : before?.lastError,
      lastDrift: before?.lastDrift,
    });
    if (!isSame) this.#changed();
    if (isSame || state.state === 'pending') return;
    const fields = { hostname: state.hostname, zone: state.zone, detail: state.detail };
    if (state.state === 'good') this.#log.info('A hostname leads here', fields);
    else this.#log.warn(`A hostname's DNS is ${wordOf[state.state]}`, fields);
  }

  /** Notes that somebody else changed what was written. */
  noteDrift(hostname: string, detail: string): void {
    const state = this.#states.get(hostname);
    if (state) this.#states.set(hostname, { ...state, lastDrift: { detail, atMs: this.#clock.wallMs() } });
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
