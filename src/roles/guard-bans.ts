// The bans of the edge's guard for those who look at them: in wall time, by address as people write it, and in metrics.
import type { Clock } from '#base/clock.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import { clientKey } from '#edge/shaping/client-key.ts';
import { Bans } from '#edge/shaping/bans.ts';
import type { BanView } from '#model/ban.ts';

export class GuardBans {
  readonly table = new Bans();
  readonly #clock: Clock;

  constructor(clock: Clock, metrics: MetricsRegistry) {
    this.#clock = clock;
    metrics.collect('sallyport_edge_bans', 'Clients that the guard of routes keeps out now.', 'gauge', () => [
      [{}, this.table.list(clock.nowMs()).length],
    ]);
    metrics.collect(
      'sallyport_edge_bans_total',
      'Bans by the guard of routes since the start.',
      'counter',
      () => [[{}, this.table.total]],
    );
  }

  /** Those in force, the newest first. */
  list(): BanView[] {
    const offsetMs = this.#clock.wallMs() - this.#clock.nowMs();
    return this.table.list(this.#clock.nowMs()).map(({ client, why, sinceMs, untilMs }) => ({
      ...{ client, why },
      sinceMs: Math.round(sinceMs + offsetMs),
      untilMs: Math.round(untilMs + offsetMs),
    }));
  }

  /** Lets addresses, or /64s as they are listed, in again; returns those that were banned. */
  lift(clients: readonly string[]): string[] {
    const keys = clients.map((client) => clientKey(client.replace(/\/64$/, '')));
    return [...new Set(keys)].filter((key) => this.table.lift(key, this.#clock.nowMs()));
  }
}
