// What passed through the edge: counts by tunnel, by route and, under a wildcard route, by hostname, and the history over
// time. HOT: per finished request one look-up by the route's identity and a handful of additions (bench/http1-path.ts); bytes
// of long transfers are counted while they run, by the proxy's sweep.
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { TrafficCount } from '#model/live/live.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import { routeName } from '#model/routes/route.ts';
import type { Exchange } from '../exchange.ts';
import { TrafficHistory, type TrafficHistoryOptions } from './traffic-history.ts';

/** Routes that are counted apart; beyond it those that no longer exist are forgotten, then all. */
const maxRoutes = 20_000;

/** Hostnames of one wildcard route that are counted apart; the rest go under `*`. */
const maxHostsPerRoute = 500;

class RouteTraffic {
  readonly count: TrafficCount = emptyCount();
  tunnel: TunnelTraffic;
  /** Only where the route is a wildcard. */
  readonly hosts: Map<string, TrafficCount> | undefined;

  constructor(isWildcard: boolean, tunnel: TunnelTraffic) {
    this.hosts = isWildcard ? new Map() : undefined;
    this.tunnel = tunnel;
  }

  hostCount(host: string): TrafficCount | undefined {
    if (!this.hosts) return undefined;
    const known = this.hosts.get(host);
    if (known) return known;
    const key = this.hosts.size < maxHostsPerRoute ? host : '*';
    const count = this.hosts.get(key) ?? emptyCount();
    this.hosts.set(key, count);
    return count;
  }
}

interface TunnelTraffic {
  readonly id: string;
  readonly isLocal: boolean;
  readonly count: TrafficCount;
}

export class Traffic {
  readonly history: TrafficHistory;
  /** Everything but what the edge's own pages cost. */
  readonly total: TrafficCount = emptyCount();
  readonly #nowMs: () => number;
  readonly #byName = new Map<string, RouteTraffic>();
  readonly #byTunnel = new Map<string, TunnelTraffic>();
  /** Entries come anew with every snapshot; their counts are found by name once and then by identity. */
  #byRoute = new WeakMap<RouteEntry, RouteTraffic>();

  constructor(options: TrafficHistoryOptions) {
    this.history = new TrafficHistory(options);
    this.#nowMs = options.nowMs;
  }

  /** A request is over. HOT. */
  finished(exchange: Exchange, nowMs: number): void {
    this.progressed(exchange, nowMs);
    const { route, status } = exchange;
    const isError = status >= 500;
    if (route) {
      const traffic = this.#of(route);
      countRequest(traffic.count, isError);
      countRequest(traffic.tunnel.count, isError);
      const host = traffic.hostCount(exchange.request.host);
      if (host) countRequest(host, isError);
      if (traffic.tunnel.isLocal) return;
    }
    countRequest(this.total, isError);
    const firstByteMs = exchange.firstByteMs > 0 ? exchange.firstByteMs : nowMs;
    this.history.add({ status, latencyMs: firstByteMs - exchange.request.startedMs }, nowMs);
  }

  /** Counts the body bytes that have passed since the last look at this exchange. HOT. */
  progressed(exchange: Exchange, nowMs: number): void {
    const bytesIn = exchange.bytesIn - exchange.countedIn;
    const bytesOut = exchange.bytesOut - exchange.countedOut;
    if (bytesIn === 0 && bytesOut === 0) return;
    exchange.countedIn = exchange.bytesIn;
    exchange.countedOut = exchange.bytesOut;
    if (exchange.route) {
      const traffic = this.#of(exchange.route);
      countBytes(traffic.count, bytesIn, bytesOut);
      countBytes(traffic.tunnel.count, bytesIn, bytesOut);
      const host = traffic.hostCount(exchange.request.host);
      if (host) countBytes(host, bytesIn, bytesOut);
      if (traffic.tunnel.isLocal) return;
    }
    countBytes(this.total, bytesIn, bytesOut);
    this.history.addBytes(bytesIn, bytesOut, nowMs);
  }

  /** A request that the edge answered by itself before routing it: a redirect, or one that was no valid HTTP. */
  answered(status: number): void {
    countRequest(this.total, status >= 500);
    this.history.add({ status, latencyMs: -1 }, this.#nowMs());
  }

  /** Since the edge started; zeros for a tunnel without traffic. */
  tunnelCount(tunnelId: string): TrafficCount {
    return { ...(this.#byTunnel.get(tunnelId)?.count ?? emptyCount()) };
  }

  /** By tunnel id; those that had traffic. */
  tunnelCounts(): Map<string, TrafficCount> {
    return new Map([...this.#byTunnel].map(([id, { count }]) => [id, { ...count }]));
  }

  routeCount(route: Pick<RouteEntry, 'hostname' | 'path'>): TrafficCount {
    return { ...(this.#byName.get(routeName(route))?.count ?? emptyCount()) };
  }

  /** By hostname under a wildcard route; the many beyond a limit under `*`. */
  hostCounts(route: Pick<RouteEntry, 'hostname' | 'path'>): Map<string, TrafficCount> {
    const hosts = this.#byName.get(routeName(route))?.hosts ?? new Map<string, TrafficCount>();
    return new Map([...hosts].map(([host, count]) => [host, { ...count }]));
  }

  /** Forgets tunnels that are gone, and routes when they have become too many. */
  apply(tunnelIds: ReadonlySet<string>, routes: readonly RouteEntry[]): void {
    for (const id of this.#byTunnel.keys()) {
      if (!tunnelIds.has(id) && !isLocalTunnelId(id)) this.#byTunnel.delete(id);
    }
    if (this.#byName.size <= maxRoutes) return;
    const names = new Set(routes.map(routeName));
    for (const name of this.#byName.keys()) if (!names.has(name)) this.#byName.delete(name);
    this.#byRoute = new WeakMap();
  }

  #of(route: RouteEntry): RouteTraffic {
    return this.#byRoute.get(route) ?? this.#find(route);
  }

  #find(route: RouteEntry): RouteTraffic {
    const name = routeName(route);
    const tunnel = this.#tunnel(route.tunnelId);
    let traffic = this.#byName.get(name);
    if (!traffic) {
      if (this.#byName.size >= maxRoutes * 2) this.#byName.clear();
      traffic = new RouteTraffic(route.hostname.startsWith('*.'), tunnel);
      this.#byName.set(name, traffic);
    }
    traffic.tunnel = tunnel;
    this.#byRoute.set(route, traffic);
    return traffic;
  }

  #tunnel(id: string): TunnelTraffic {
    let tunnel = this.#byTunnel.get(id);
    if (!tunnel) {
      tunnel = { id, isLocal: isLocalTunnelId(id), count: emptyCount() };
      this.#byTunnel.set(id, tunnel);
    }
    return tunnel;
  }
}

export function emptyCount(): TrafficCount {
  return { requests: 0, errors: 0, bytesIn: 0, bytesOut: 0 };
}

function countRequest(count: TrafficCount, isError: boolean): void {
  count.requests += 1;
  if (isError) count.errors += 1;
}

function countBytes(count: TrafficCount, bytesIn: number, bytesOut: number): void {
  count.bytesIn += bytesIn;
  count.bytesOut += bytesOut;
}
