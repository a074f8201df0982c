// A process of the edge at one moment, in plain data (EdgeLook): what the control plane draws its lists from.
import type { CertificateState, DnsState, EdgeLook } from '#control/edge-view.ts';
import type { Edge, ListenerState } from '#edge/edge-contract.ts';
import { routeName } from '#model/routes/route.ts';
import type { EdgeNames } from '../dns/edge-names.ts';

/** What is looked at. */
export interface LookedAt {
  readonly edge: Edge;
  readonly names: EdgeNames | undefined;
  readonly certificateStates: (hostnames: Iterable<string>) => Map<string, CertificateState>;
  readonly listeners: () => ListenerState[];
}

/** Looks. */
export function lookAt({ edge, names, certificateStates, listeners }: LookedAt): EdgeLook {
  const live = edge.live();
  const routes = live.routes();
  return {
    listeners: listeners(),
    connectors: [...live.connectors()].flatMap(([tunnelId, connectors]) =>
      connectors.map((connector) => ({ ...connector, tunnelId })),
    ),
    claims: routes.filter(({ isClaimed }) => isClaimed),
    disconnects: live.disconnects(),
    ports: edge.ports(),
    members: edge.members(),
    moves: edge.moves(),
    tunnelTraffic: live.tunnelCounts(),
    routeTraffic: new Map(routes.map((route) => [routeName(route), live.routeCount(route)])),
    certificates: certificateStates(new Set(routes.map(({ hostname }) => hostname))),
    dns: new Map((names?.states() ?? []).map((state) => [state.hostname, stateOf(state)])),
    zones: names?.reconciler.zones.views() ?? [],
    memory: memoryNow(),
  };
}

/** Asking takes a descriptor, and a look must not be the end of a process that has none left: 0 says that it is not known. */
function memoryNow(): EdgeLook['memory'] {
  try {
    const { rss, heapUsed } = process.memoryUsage();
    return { residentBytes: rss, heapBytes: heapUsed };
  } catch {
    return { residentBytes: 0, heapBytes: 0 };
  }
}

function stateOf({ state, detail, cure }: DnsState): DnsState {
  return { state, detail, cure };
}
