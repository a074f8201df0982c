// A tunnel as the API shows it: what is kept of it, and how it is right now, with words for what is wrong.
import type { ConnectorView, Rotation, TunnelView } from '#api/tunnels.ts';
import type { TunnelEntry } from '#model/edge-snapshot.ts';
import type { Disconnect } from '#model/live/live.ts';
import type { Tunnel } from '#model/tunnel.ts';
import type { Control } from '../control.ts';
import type { Declared } from '../command.ts';
import type { ControlState } from '../control-state.ts';
import type { EdgeFacts, EdgeLook, EdgeView, TunnelConnector } from '../edge-view.ts';

/** Everything a view is made from: the configuration, and one look at the edge. */
export interface ViewSources {
  readonly state: ControlState;
  readonly declared: Declared;
  readonly facts: EdgeFacts;
  readonly look: EdgeLook;
  readonly nowMs: number;
  /** Products that public routes were recognised as, by the route's id; absent: none. */
  readonly products?: ReadonlyMap<string, string> | undefined;
}

/** The two sides of every view. */
export interface Sources {
  readonly control: Control;
  readonly edge: EdgeView;
  /** Absent: nobody looks at what is exposed. */
  readonly exposure?: { readonly products: ReadonlyMap<string, string> } | undefined;
}

/** Takes a look. */
export async function lookAt({ control, edge, exposure }: Sources): Promise<ViewSources> {
  const look = await edge.look();
  return {
    state: control.state,
    declared: control.declared,
    facts: edge.facts,
    look,
    nowMs: control.nowMs(),
    products: exposure?.products,
  };
}

/** What belongs to each tunnel, gathered once for a whole list. */
export class TunnelIndex {
  readonly #connectors: ReadonlyMap<string, readonly TunnelConnector[]>;
  readonly #disconnects: ReadonlyMap<string, readonly Disconnect[]>;
  readonly #routes = new Map<string, number>();

  constructor({ state, declared, look }: ViewSources) {
    this.#connectors = Map.groupBy(look.connectors, ({ tunnelId }) => tunnelId);
    this.#disconnects = Map.groupBy(look.disconnects, ({ tunnelId }) => tunnelId);
    for (const { tunnelId } of [...state.routes.values(), ...declared.routes]) {
      this.#routes.set(tunnelId, (this.#routes.get(tunnelId) ?? 0) + 1);
    }
  }

  connectorsOf(tunnelId: string): readonly TunnelConnector[] {
    return this.#connectors.get(tunnelId) ?? [];
  }

  /** Newest first. */
  disconnectsOf(tunnelId: string): readonly Disconnect[] {
    return this.#disconnects.get(tunnelId) ?? [];
  }

  routeCountOf(tunnelId: string): number {
    return this.#routes.get(tunnelId) ?? 0;
  }
}

/** A tunnel that edge.yml declares, in the form of one that is stored. */
export function asTunnel(entry: TunnelEntry): Tunnel {
  return {
    id: entry.id,
    name: entry.name,
    management: 'local',
    hostnames: [...entry.hostnames],
    access: entry.access ?? 'public',
    keys: entry.publicKeys.map((key, i) => ({
      id: `${entry.id.slice(0, -1)}${i}`,
      publicKey: Buffer.from(key).toString('base64'),
      createdAtMs: 0,
    })),
    note: '',
    createdAtMs: 0,
    version: 1,
  };
}

/** A tunnel and where it is declared. */
export interface FoundTunnel {
  readonly tunnel: Tunnel;
  readonly declaredIn: 'store' | 'file';
}

/** Every tunnel, stored and declared; where both have an id, edge.yml's counts. */
export function allTunnels({ state, declared }: Pick<ViewSources, 'state' | 'declared'>): FoundTunnel[] {
  const inFile = new Set(declared.tunnels.map(({ id }) => id));
  return [
    ...declared.tunnels.map((entry) => ({ tunnel: asTunnel(entry), declaredIn: 'file' as const })),
    ...[...state.tunnels.values()]
      .filter(({ id }) => !inFile.has(id))
      .map((tunnel) => ({ tunnel, declaredIn: 'store' as const })),
  ];
}

/** Finds one by id or name. */
export function findTunnel(
  { state, declared }: Pick<ViewSources, 'state' | 'declared'>,
  idOrName: string,
): FoundTunnel | undefined {
  const wanted = idOrName.toLowerCase();
  const entry = declared.tunnels.find(({ id, name }) => id === wanted || name.toLowerCase() === wanted);
  if (entry) return { tunnel: asTunnel(entry), declaredIn: 'file' };
  const stored = state.findTunnel(idOrName);
  return stored && { tunnel: stored, declaredIn: 'store' };
}

/** The view of one tunnel. */
export function viewTunnel(
  sources: ViewSources,
  { tunnel, declaredIn }: FoundTunnel,
  index: TunnelIndex,
): TunnelView {
  const { state, nowMs } = sources;
  const connectors = index.connectorsOf(tunnel.id);
  const [last] = index.disconnectsOf(tunnel.id);
  return {
    ...tunnel,
    declaredIn,
    ...tunnelStatusOf(tunnel, connectors, last?.reason),
    connectors: connectors.length,
    connections: connectors.reduce((sum, { connections }) => sum + connections.length, 0),
    routes: index.routeCountOf(tunnel.id),
    rulesVersion: tunnel.management === 'remote' ? (state.ruleSets.get(tunnel.id)?.version ?? 0) : 0,
    lastSeenAtMs: connectors.length > 0 ? nowMs : (last?.atMs ?? null),
  };
}

/** How a tunnel is, and what is wrong with it in words. */
export function tunnelStatusOf(
  tunnel: Pick<Tunnel, 'name' | 'management'>,
  connectors: readonly TunnelConnector[],
  lastReason: string | undefined,
): Pick<TunnelView, 'status' | 'trouble'> {
  const serving = connectors.filter(({ isDraining }) => !isDraining);
  if (serving.length === 0) {
    if (lastReason === undefined && connectors.length === 0) {
      return {
        status: 'never-connected',
        trouble: `No connector has connected since this edge started. Start one with the token of ${tunnel.name}.`,
      };
    }
    return {
      status: 'down',
      trouble: `No connector is connected (the last connection ended: ${lastReason ?? 'draining'}). Start the connector, or look at its log.`,
    };
  }
  const refused = serving.find(({ config }) => config.state === 'refused');
  if (refused) {
    return {
      status: 'degraded',
      trouble: `The connector on ${nameOfConnector(refused)} refused the rules: ${refused.config.detail}`,
    };
  }
  const old = tunnel.management === 'remote' && serving.find(({ config }) => config.state === 'unsupported');
  if (old) {
    return {
      status: 'degraded',
      trouble: `The connector on ${nameOfConnector(old)} (version ${old.version}) cannot take rules from the edge; update it.`,
    };
  }
  const single = serving.find(({ connections }) => connections.length < 2);
  if (single) {
    return {
      status: 'degraded',
      trouble: `The connector on ${nameOfConnector(single)} has one connection only; its network may be losing the others.`,
    };
  }
  return { status: 'healthy', trouble: '' };
}

/** What people call a connector: its machine, or where it comes from. */
export function nameOfConnector({
  hostname,
  address,
}: Pick<TunnelConnector, 'hostname' | 'address'>): string {
  return hostname === '' ? address : hostname;
}

/** A connector with its tunnel's name. */
export function viewConnector(sources: ViewSources, connector: TunnelConnector): ConnectorView {
  return {
    ...connector,
    tunnelName: findTunnel(sources, connector.tunnelId)?.tunnel.name ?? connector.tunnelId,
  };
}

/** How far the rotation of a tunnel's key is. */
export function viewRotation(tunnel: Tunnel, connectors: readonly TunnelConnector[]): Rotation {
  const [oldKey, newKey] = tunnel.keys;
  const moves = connectors.map((connector) => ({
    instanceId: connector.instanceId,
    hostname: connector.hostname,
    address: connector.address,
    usesNewKey: newKey !== undefined && connector.publicKey === newKey.publicKey,
  }));
  if (!oldKey || !newKey) {
    return {
      state: 'idle',
      startedAtMs: null,
      oldKeyId: oldKey?.id ?? null,
      newKeyId: null,
      connectors: moves,
    };
  }
  return {
    state: moves.length > 0 && moves.every(({ usesNewKey }) => usesNewKey) ? 'ready' : 'moving',
    startedAtMs: newKey.createdAtMs,
    oldKeyId: oldKey.id,
    newKeyId: newKey.id,
    connectors: moves,
  };
}
