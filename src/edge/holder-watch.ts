// Who holds which name: a hostname that moves to another tunnel without anybody having seen it happen is what wakes people
// at night. Every move is a line in the log and a count, also when the name was nobody's for a while in between.
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';

/** Names whose last holder is remembered; the oldest are forgotten first. */
const maxRemembered = 20_000;

export class HolderWatch {
  readonly #log: Log;
  /** Last holder by hostname and path. */
  readonly #holders = new Map<string, string>();
  #moves = 0;

  constructor(log: Log, metrics: MetricsRegistry) {
    this.#log = log;
    metrics.collect(
      'sallyport_edge_hostname_moves_total',
      'Times that a hostname went from one tunnel to another.',
      'counter',
      () => [[{}, this.#moves]],
    );
  }

  /** Looks at the routes in force; `nameOf` says how people call a tunnel. */
  look(routes: readonly RouteEntry[], nameOf: (tunnelId: string) => string): void {
    for (const { hostname, path, tunnelId } of routes) {
      const key = `${hostname}${path}`;
      const before = this.#holders.get(key);
      if (before === tunnelId) continue;
      this.#holders.delete(key);
      this.#holders.set(key, tunnelId);
      if (before === undefined) continue;
      this.#moves += 1;
      this.#log.warn(
        'A hostname is held by another tunnel now; if nobody meant that, look at the rules of both',
        {
          hostname,
          path,
          from: nameOf(before),
          to: nameOf(tunnelId),
        },
      );
    }
    for (const key of this.#holders.keys()) {
      if (this.#holders.size <= maxRemembered) break;
      this.#holders.delete(key);
    }
  }
}
