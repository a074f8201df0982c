// Who holds which name: a hostname that moves to another tunnel without anybody having seen it happen is what wakes people
// at night. Every move is a line in the log and a count, also when the name was nobody's for a while in between.
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { HostnameMove } from '#model/live/hostname-move.ts';

/** Names whose last holder is remembered; the oldest are forgotten first. */
const maxRemembered = 20_000;
/** Moves that can be looked at; the oldest go first. */
const maxMoves = 50;

export interface HolderWatchOptions {
  readonly log: Log;
  readonly metrics: MetricsRegistry;
  readonly wallMs: () => number;
}

export class HolderWatch {
  readonly #options: HolderWatchOptions;
  /** Last holder by hostname and path. */
  readonly #holders = new Map<string, string>();
  #count = 0;
  #moves: readonly HostnameMove[] = [];

  constructor(options: HolderWatchOptions) {
    this.#options = options;
    options.metrics.collect(
      'sallyport_edge_hostname_moves_total',
      'Times that a hostname went from one tunnel to another.',
      'counter',
      () => [[{}, this.#count]],
    );
  }

  /** The last moves, newest first. */
  get moves(): readonly HostnameMove[] {
    return this.#moves;
  }

  /** Looks at the routes in force; `nameOf` says how people call a tunnel, `declared` holds those that somebody wrote. */
  look(
    routes: readonly RouteEntry[],
    nameOf: (tunnelId: string) => string,
    declared: ReadonlySet<RouteEntry> = new Set(),
  ): void {
    for (const route of routes) {
      const { hostname, path, tunnelId } = route;
      const key = `${hostname}${path}`;
      const before = this.#holders.get(key);
      if (before === tunnelId) continue;
      this.#holders.delete(key);
      this.#holders.set(key, tunnelId);
      if (before === undefined) continue;
      this.#count += 1;
      const names = { from: nameOf(before), to: nameOf(tunnelId) };
      const atMs = this.#options.wallMs();
      const move = { hostname, path, ...names, atMs, isDeclared: declared.has(route) };
      this.#moves = [move, ...this.#moves].slice(0, maxMoves);
      this.#options.log.warn(
        'A hostname is held by another tunnel now; if nobody meant that, look at the rules of both',
        { hostname, path, ...names },
      );
    }
    for (const key of this.#holders.keys()) {
      if (this.#holders.size <= maxRemembered) break;
      this.#holders.delete(key);
    }
  }
}
