// Between "written at the provider" and "answered by the zone's servers": names that were just written are pending until
// every server of their zone answers so. Asked in turn, a few at a time, with growing pauses.
import { type Clock, sleep } from '#base/clock.ts';
import { isSallyportError } from '#base/errors.ts';
import { isSameSet } from '#model/dns/record-set.ts';
import type { DnsProvider, ProviderZone, RecordChange } from '../provider/dns-provider.ts';
import type { NameStates } from './name-states.ts';
import type { PlanStep } from './plan.ts';
import { leadingTypes } from './wanted-sets.ts';

interface Expected {
  readonly provider: DnsProvider;
  readonly zone: ProviderZone;
  /** The sets that were written under the hostname itself. */
  readonly changes: readonly RecordChange[];
  readonly sinceMs: number;
  looks: number;
  dueMs: number;
}

const firstMs = 500;
const capMs = 30_000;
/** Names asked for at one time. */
const maxAtOnce = 8;
/** After that long it is said that something may be wrong. */
const patienceMs = 300_000;
/** Nothing is expected: an hour is as good as for ever, and a number that timers can count. */
const longestMs = 3_600_000;

export class Publications {
  readonly #clock: Clock;
  readonly #states: NameStates;
  readonly #expected = new Map<string, Expected>();
  #wake: (() => void) | undefined;

  constructor({ clock, states }: { readonly clock: Clock; readonly states: NameStates }) {
    this.#clock = clock;
    this.#states = states;
  }

  /** Notes a step that was applied. */
  expect({ hostname, zone, changes }: PlanStep, provider: DnsProvider): void {
    const leading = changes.filter(
      ({ name, type, before, after }) =>
        name === hostname && (leadingTypes as readonly string[]).includes(type) && !isSameSet(before, after),
    );
    if (leading.length === 0) return;
    const now = this.#clock.nowMs();
    this.#expected.set(hostname, { provider, zone, changes: leading, sinceMs: now, looks: 0, dueMs: now });
    this.#wake?.();
  }

  /** Waits for a name no more: something else is known of it. */
  forget(hostname: string): void {
    this.#expected.delete(hostname);
  }

  isWaitingFor(hostname: string): boolean {
    return this.#expected.has(hostname);
  }

  /** Asks until the signal fires. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const now = this.#clock.nowMs();
      const due = [...this.#expected].filter(([, { dueMs }]) => dueMs <= now).slice(0, maxAtOnce);
      await Promise.all(due.map(([hostname, expected]) => this.#look(hostname, expected, signal)));
      if (due.length === 0) await this.#untilDue(signal);
    }
  }

  /** Until the next look is due, or another name is expected. */
  async #untilDue(signal: AbortSignal): Promise<void> {
    const nextMs = Math.min(...[...this.#expected.values()].map(({ dueMs }) => dueMs));
    const woken = new AbortController();
    this.#wake = () => woken.abort();
    try {
      const waitMs = Math.min(longestMs, Math.max(0, nextMs - this.#clock.nowMs()));
      await sleep(this.#clock, waitMs, AbortSignal.any([signal, woken.signal]));
    } catch {
      signal.throwIfAborted();
    } finally {
      this.#wake = undefined;
    }
  }

  async #look(hostname: string, expected: Expected, signal: AbortSignal): Promise<void> {
    const { provider, zone, changes } = expected;
    const answers = await Promise.all(
      changes.map((change) =>
        provider.isPublished(zone, change, signal).catch((error: unknown) => {
          if (signal.aborted || !isSallyportError(error)) throw error;
          return false;
        }),
      ),
    );
    // Written again meanwhile, or not wanted any more.
    if (this.#expected.get(hostname) !== expected) return;
    const state = this.#states.get(hostname);
    if (!state) {
      this.#expected.delete(hostname);
      return;
    }
    const where = { hostname, zone: zone.name, provider: provider.name };
    const seconds = Math.round((this.#clock.nowMs() - expected.sinceMs) / 1000);
    if (answers.every(Boolean)) {
      this.#expected.delete(hostname);
      this.#states.set({
        ...where,
        state: 'good',
        detail: `${hostname} leads here; the servers of ${zone.name} answer so since ${seconds} s after it was written.`,
        cure: '',
      });
      return;
    }
    expected.looks += 1;
    expected.dueMs = this.#clock.nowMs() + Math.min(capMs, firstMs * 2 ** Math.min(expected.looks, 10));
    const servers = zone.nameServers.join(', ') || 'none that is known';
    const isLate = this.#clock.nowMs() - expected.sinceMs > patienceMs;
    const cure = isLate ? `Is ${zone.name} delegated to them, and may this machine ask them on port 53?` : '';
    this.#states.set({
      ...where,
      state: 'pending',
      detail: `Written at ${provider.name}; not every server of ${zone.name} (${servers}) answers with it yet.`,
      cure,
    });
  }
}
