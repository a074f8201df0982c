// What the processes of an edge see, as one look: a connector is one however many processes it is connected to, and counts are
// added up.
import type { EdgeLook, TunnelConnector } from '#control/edge-view.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { TrafficCount } from '#model/live/live.ts';
import type { OriginLive } from '#model/live/origin-live.ts';
import type { PortLive } from '#model/live/port-live.ts';

/** As many as a single process tells of. */
const mostDisconnects = 50;

/** The first's look with those of its workers. */
export function mergedLook(own: EdgeLook, others: readonly EdgeLook[]): EdgeLook {
  if (others.length === 0) return own;
  const all = [own, ...others];
  return {
    ...own,
    connectors: mergedConnectors(all.flatMap(({ connectors }) => connectors)),
    claims: [
      ...new Map(all.flatMap(({ claims }) => claims).map((claim) => [claim.hostname, claim])).values(),
    ],
    disconnects: all
      .flatMap(({ disconnects }) => disconnects)
      .toSorted((a, b) => b.atMs - a.atMs)
      .slice(0, mostDisconnects),
    members: mergedMembers(all.map(({ members }) => members ?? new Map<string, MemberLive[]>())),
    ports: mergedPorts(all.map(({ ports = [] }) => ports)),
    tunnelTraffic: mergedCounts(all.map(({ tunnelTraffic }) => tunnelTraffic)),
    routeTraffic: mergedCounts(all.map(({ routeTraffic }) => routeTraffic)),
    memory: {
      residentBytes: all.reduce((sum, { memory }) => sum + memory.residentBytes, 0),
      heapBytes: all.reduce((sum, { memory }) => sum + memory.heapBytes, 0),
    },
  };
}

function mergedConnectors(all: readonly TunnelConnector[]): TunnelConnector[] {
  const byProcess = Map.groupBy(all, ({ tunnelId, instanceId }) => `${tunnelId} ${instanceId}`);
  return [...byProcess.values()]
    .map((parts) => parts.reduce(joined))
    .toSorted((a, b) => a.connectedAtMs - b.connectedAtMs);
}

function joined(a: TunnelConnector, b: TunnelConnector): TunnelConnector {
  const newer = b.rulesVersion > a.rulesVersion ? b : a;
  return {
    ...newer,
    connectedAtMs: Math.min(a.connectedAtMs, b.connectedAtMs),
    isDraining: a.isDraining && b.isDraining,
    connections: [...a.connections, ...b.connections].toSorted((x, y) => x.index - y.index),
    config: furtherConfig(a.config, b.config),
  };
}

/** Each process asks a connector by itself; whoever has had its answer knows where it stands. */
function furtherConfig(
  a: TunnelConnector['config'],
  b: TunnelConnector['config'],
): TunnelConnector['config'] {
  if (a.version !== b.version) return a.version > b.version ? a : b;
  return a.state === 'pending' ? b : a;
}

function mergedMembers(
  maps: readonly ReadonlyMap<string, readonly MemberLive[]>[],
): Map<string, readonly MemberLive[]> {
  const merged = new Map<string, readonly MemberLive[]>();
  for (const map of maps) {
    for (const [route, members] of map) {
      const known = merged.get(route);
      merged.set(route, known ? known.map((one) => addMember(one, members)) : members);
    }
  }
  return merged;
}

function addMember(one: MemberLive, others: readonly MemberLive[]): MemberLive {
  const other = others.find(({ name }) => name === one.name);
  if (!other) return one;
  return {
    ...one,
    active: one.active + other.active,
    requests: one.requests + other.requests,
    failures: one.failures + other.failures,
  };
}

function mergedPorts(lists: readonly (readonly PortLive[])[]): PortLive[] {
  const [own = [], ...others] = lists;
  return own.map((port) =>
    others
      .flatMap((list) => list.filter(({ name }) => name === port.name))
      .reduce(
        (sum, other) => ({
          ...sum,
          active: sum.active + other.active,
          connections: sum.connections + other.connections,
          bytesIn: sum.bytesIn + other.bytesIn,
          bytesOut: sum.bytesOut + other.bytesOut,
        }),
        port,
      ),
  );
}

function mergedCounts(maps: readonly ReadonlyMap<string, TrafficCount>[]): Map<string, TrafficCount> {
  const merged = new Map<string, TrafficCount>();
  for (const map of maps) {
    for (const [key, count] of map) {
      const known = merged.get(key);
      merged.set(
        key,
        known
          ? {
              requests: known.requests + count.requests,
              errors: known.errors + count.errors,
              bytesIn: known.bytesIn + count.bytesIn,
              bytesOut: known.bytesOut + count.bytesOut,
            }
          : count,
      );
    }
  }
  return merged;
}

/** Of what several processes know of an origin, the worst that one has seen; who has seen nothing of it says nothing. */
export function mergedOrigins(lists: readonly (readonly OriginLive[])[]): OriginLive[] {
  const merged = new Map<string, OriginLive>();
  for (const origin of lists.flat()) {
    const key = `${origin.tunnelId} ${origin.service}`;
    const known = merged.get(key);
    if (!known || rank[origin.state] > rank[known.state]) merged.set(key, origin);
  }
  return [...merged.values()];
}

const rank = { unknown: 0, ok: 1, degraded: 2, down: 3 } as const;
