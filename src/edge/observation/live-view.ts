// What the edge sees right now, as plain data (model/live/live.ts), for the dashboard, the API and the command line. Reading
// it changes nothing and costs what it returns.
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type {
  ConnectorLive,
  Disconnect,
  TrafficCount,
  TrafficSeries,
  TrafficSpan,
} from '#model/live/live.ts';
import type { ConnectorList } from '../tunnels/connector-list.ts';
import type { Traffic } from './traffic.ts';

/** A route in force. */
export interface LiveRoute extends RouteEntry {
  /** It came by itself, from the rules that a connector published. */
  readonly isClaimed: boolean;
}

export interface LiveView {
  /** Connectors by tunnel id, the longest connected first; tunnels without any are left out. */
  connectors(): Map<string, ConnectorLive[]>;
  connectorsOf(tunnelId: string): ConnectorLive[];
  /** Why connections ended, newest first: the last 50 of a tunnel, or of all tunnels. */
  disconnects(tunnelId?: string): Disconnect[];
  /** Requests under way. */
  readonly activeRequests: number;
  /** Counts since the edge started, without the edge's own pages. */
  total(): TrafficCount;
  tunnelCounts(): Map<string, TrafficCount>;
  tunnelCount(tunnelId: string): TrafficCount;
  routeCount(route: Pick<RouteEntry, 'hostname' | 'path'>): TrafficCount;
  /** Under a wildcard route, by hostname. */
  hostCounts(route: Pick<RouteEntry, 'hostname' | 'path'>): Map<string, TrafficCount>;
  /** Over time; whole steps only. */
  traffic(span: TrafficSpan): TrafficSeries;
  /** Routes in force, declared and claimed. */
  routes(): LiveRoute[];
}

/** What the view looks at. */
export interface LiveSources {
  readonly connectors: ConnectorList;
  readonly traffic: Traffic;
  readonly activeRequests: () => number;
  readonly routes: () => {
    readonly declared: readonly RouteEntry[];
    readonly inForce: readonly RouteEntry[];
  };
}

export function liveView(sources: LiveSources): LiveView {
  const { connectors, traffic } = sources;
  return {
    connectors: () => connectors.all(),
    connectorsOf: (tunnelId) => connectors.of(tunnelId),
    disconnects: (tunnelId) => connectors.disconnects(tunnelId),
    get activeRequests() {
      return sources.activeRequests();
    },
    total: () => ({ ...traffic.total }),
    tunnelCounts: () => traffic.tunnelCounts(),
    tunnelCount: (tunnelId) => traffic.tunnelCount(tunnelId),
    routeCount: (route) => traffic.routeCount(route),
    hostCounts: (route) => traffic.hostCounts(route),
    traffic: (span) => traffic.history.series(span),
    routes() {
      const { declared, inForce } = sources.routes();
      const known = new Set(declared);
      return inForce.map((route) => ({ ...route, isClaimed: !known.has(route) }));
    },
  };
}
