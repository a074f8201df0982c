// The connectors that are here: a process at home with its several connections, as its owner thinks of it. Fed by the
// tunnel acceptor, read by the live view; tells of every change.
import type { ConnectorLive, Disconnect, LiveEvent } from '#model/live/live.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import type { ClaimedIdentity, DisconnectReason, EdgeConnection } from '#tunnel/connection.ts';
import { DisconnectLog } from './disconnect-log.ts';

type ConnectorEvent = Extract<LiveEvent, { kind: 'connector' }>;

export interface ConnectorListOptions {
  readonly wallMs: () => number;
  readonly emit: (event: ConnectorEvent) => void;
  /** Where a connector stands with the rules that the edge keeps. */
  readonly configOf: (tunnelId: string, instanceId: string) => ConnectorLive['config'];
}

/** How a connection, or an attempt at one, ended. */
export interface ConnectionEnd {
  readonly reason: DisconnectReason;
  readonly detail: string;
}

export class ConnectorList {
  readonly #options: ConnectorListOptions;
  /** By tunnel, then by instance; a connector is here while it has a connection. */
  readonly #byTunnel = new Map<string, Map<string, EdgeConnection[]>>();
  readonly #disconnects = new DisconnectLog();
  /** Rules as lists show them, made once for all connections and looks. */
  readonly #shown = new WeakMap<PublishedRules, ConnectorLive['rules']>();

  constructor(options: ConnectorListOptions) {
    this.#options = options;
  }

  add(connection: EdgeConnection): void {
    const { tunnelId, instanceId } = connection;
    const instances = this.#byTunnel.get(tunnelId) ?? new Map<string, EdgeConnection[]>();
    this.#byTunnel.set(tunnelId, instances);
    const list = instances.get(instanceId) ?? [];
    instances.set(instanceId, [...list, connection]);
    this.tell('connected', connection, `connection ${connection.index} from ${connection.remoteAddress}`);
  }

  /** The connection has ended. */
  remove(connection: EdgeConnection, end: ConnectionEnd): void {
    const { tunnelId, instanceId, connectedAtMs, remoteAddress: address } = connection;
    const instances = this.#byTunnel.get(tunnelId);
    const rest = instances?.get(instanceId)?.filter((other) => other !== connection) ?? [];
    if (rest.length > 0) instances?.set(instanceId, rest);
    else instances?.delete(instanceId);
    if (instances?.size === 0) this.#byTunnel.delete(tunnelId);
    const identity = { tunnelId, instanceId, info: connection.connectorInfo };
    this.#note(identity, address, end, Math.max(1, this.#options.wallMs() - connectedAtMs));
    this.tell('disconnected', connection, words(end));
  }

  /** A peer that named a tunnel of ours and was not let in. */
  refused(claim: ClaimedIdentity, address: string, end: ConnectionEnd): void {
    this.#note(claim, address, end, 0);
  }

  /** Tells the listeners what a connector did. */
  tell(what: ConnectorEvent['what'], connection: EdgeConnection, detail: string): void {
    const { tunnelId, instanceId } = connection;
    this.#options.emit({
      kind: 'connector',
      what,
      atMs: this.#options.wallMs(),
      tunnelId,
      instanceId,
      detail,
    });
  }

  /** Connectors of one tunnel, the longest connected first. */
  of(tunnelId: string): ConnectorLive[] {
    const instances = this.#byTunnel.get(tunnelId);
    if (!instances) return [];
    return [...instances.values()]
      .map((connections) => this.#show(connections))
      .toSorted((a, b) => a.connectedAtMs - b.connectedAtMs);
  }

  /** By tunnel id. */
  all(): Map<string, ConnectorLive[]> {
    return new Map([...this.#byTunnel.keys()].map((id) => [id, this.of(id)]));
  }

  /** Live connections of a tunnel, by instance. */
  connectionsOf(tunnelId: string): ReadonlyMap<string, readonly EdgeConnection[]> {
    return this.#byTunnel.get(tunnelId) ?? new Map<string, EdgeConnection[]>();
  }

  disconnects(tunnelId?: string): Disconnect[] {
    return this.#disconnects.list(tunnelId);
  }

  /** Forgets what is known of tunnels that are gone. */
  keepOnly(tunnelIds: ReadonlySet<string>): void {
    this.#disconnects.keepOnly(tunnelIds);
  }

  #note(who: ClaimedIdentity, address: string, end: ConnectionEnd, connectedForMs: number): void {
    this.#disconnects.add({
      atMs: this.#options.wallMs(),
      tunnelId: who.tunnelId,
      instanceId: who.instanceId,
      hostname: who.info.hostname ?? '',
      address,
      reason: end.reason,
      detail: end.detail,
      connectedForMs,
    });
  }

  #show(connections: readonly EdgeConnection[]): ConnectorLive {
    const [oldest] = connections;
    const newest = connections.at(-1)!;
    const { tunnelId, instanceId, connectorInfo: info } = newest;
    const rules = newestRules(connections);
    return {
      instanceId,
      version: info.version,
      arch: info.arch,
      hostname: info.hostname ?? '',
      os: info.os ?? '',
      features: [...(info.features ?? [])],
      address: newest.remoteAddress,
      startedAtMs: info.startedAtMs ?? null,
      connectedAtMs: oldest!.connectedAtMs,
      isDraining: connections.every(({ isDraining }) => isDraining),
      publicKey: Buffer.from(newest.publicKey).toString('base64'),
      connections: connections.map(showConnection),
      rules: rules ? this.#showRules(rules) : [],
      rulesVersion: rules?.version ?? 0,
      config: this.#options.configOf(tunnelId, instanceId),
    };
  }

  #showRules(published: PublishedRules): ConnectorLive['rules'] {
    let shown = this.#shown.get(published);
    if (!shown) {
      shown = published.rules.map(({ hostname, path, service }) => ({ hostname, path, service }));
      this.#shown.set(published, shown);
    }
    return shown;
  }
}

function showConnection(connection: EdgeConnection): ConnectorLive['connections'][number] {
  const { id, index, connectedAtMs, openStreams, isDraining } = connection;
  const rttMs = Math.round(connection.rttMs * 1000) / 1000;
  return {
    id,
    index,
    transport: connection.transportKind,
    address: connection.remoteAddress,
    connectedAtMs,
    rttMs,
    openStreams,
    isDraining,
  };
}

/** While new rules are on their way, some connections have them and some do not yet. */
function newestRules(connections: readonly EdgeConnection[]): PublishedRules | undefined {
  let newest: PublishedRules | undefined;
  for (const { rules } of connections) if (rules && rules.version > (newest?.version ?? 0)) newest = rules;
  return newest;
}

function words({ reason, detail }: ConnectionEnd): string {
  return detail === '' ? reason : `${reason}: ${detail}`;
}
