// Takes tunnel connections in: authenticates them against the snapshot's keys, enters them into the registry once
// their rules are known, and throws out those whose key is no longer valid.
import type { TLSSocket } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { EdgeSnapshot, RouteEntry, TunnelEntry } from '#model/edge-snapshot.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import type { RequestHead } from '#http/exchange.ts';
import type { EdgeConnection, EdgeConnectionHandler } from '#tunnel/connection.ts';
import { acceptConnection } from '#tunnel/driver.ts';
import type { DrivenConnection } from '#tunnel/driver.ts';
import type { TunnelKeys } from '#tunnel/session/handshake.ts';
import { tlsTransport } from '#tunnel/transport/tls-transport.ts';
import type { Transport } from '#tunnel/transport/transport.ts';
import { acceptWebSocket } from '#tunnel/transport/websocket-transport.ts';
import type { WindowBudget } from '#tunnel/session/window.ts';
import type { WorkerSeat } from '#tunnel/worker-seat.ts';
import { ClaimedRoutes } from '../routes/claimed-routes.ts';
import type { ConfigPusher } from './config-pusher.ts';
import type { ConnectionEnd, ConnectorList } from './connector-list.ts';
import { Disconnector, type DisconnectHow, type DisconnectTarget } from './disconnect.ts';
import type { TunnelRegistry } from './tunnel-registry.ts';

/** Connections that have not authenticated yet; more are turned away. */
const maxHandshakes = 1_000;

export interface TunnelAcceptorOptions {
  readonly edgeName: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: TunnelRegistry;
  readonly connectors: ConnectorList;
  readonly configs: ConfigPusher;
  readonly snapshot: EdgeSnapshot;
  /** Memory that windows may grow into, of all tunnels of this process. */
  readonly windows: WindowBudget;
  /** Which of the edge's processes this is; absent: the only one. */
  readonly seat?: WorkerSeat | undefined;
  /** Claims that are known from before this edge was started. */
  readonly knownClaims?: readonly (readonly [string, readonly string[]])[];
  /** The routes in force, declared and claimed, are others now. */
  readonly routesChanged: (routes: readonly RouteEntry[]) => void;
}

export class TunnelAcceptor {
  readonly #options: TunnelAcceptorOptions;
  readonly #claims = new ClaimedRoutes();
  readonly #ready = new Set<EdgeConnection>();
  readonly #driven = new Set<DrivenConnection>();
  readonly #disconnector: Disconnector;
  #tunnels: ReadonlyMap<string, TunnelEntry>;
  #snapshot: EdgeSnapshot;

  constructor(options: TunnelAcceptorOptions) {
    this.#options = options;
    this.#disconnector = new Disconnector({
      clock: options.clock,
      connectionsOf: (tunnelId) => options.connectors.connectionsOf(tunnelId),
      leave: (connection) => this.#onDraining(connection),
    });
    this.#snapshot = options.snapshot;
    this.#tunnels = byId(options.snapshot);
    this.#claims.remember(options.knownClaims ?? []);
  }

  /** Makes claims that are known from before routes; those of connectors follow by themselves. */
  begin(): void {
    if (this.#claims.known.length > 0) this.#options.routesChanged(this.#claims.routes(this.#snapshot));
  }

  get claims(): [string, readonly string[]][] {
    return this.#claims.known;
  }

  /** Asks every connector to make its connections anew; those here go on meanwhile. */
  askToMove(): void {
    for (const connection of this.#ready) connection.askToMove();
  }

  acceptTls(socket: TLSSocket): void {
    this.#accept(tlsTransport(socket));
  }

  /** A WebSocket upgrade whose request head has been read, and `early` beyond it. */
  acceptUpgrade(socket: TLSSocket, request: RequestHead, early: Buffer): void {
    const headers: Record<string, string> = { connection: 'Upgrade', upgrade: 'websocket' };
    request.fields.forEach((name, value) => {
      const lower = name.toLowerCase();
      if (lower.startsWith('sec-websocket-')) headers[lower] = value;
    });
    acceptWebSocket({ method: request.method, url: request.path, headers }, socket, early, (transport) =>
      this.#accept(transport),
    );
  }

  /** Whether a tunnel has published its rules since the edge was started. */
  hasHeardOf(tunnelId: string): boolean {
    return this.#claims.hasHeard(tunnelId);
  }

  /** Keys and tunnels that are gone lose their connections now. */
  apply(snapshot: EdgeSnapshot): void {
    this.#snapshot = snapshot;
    this.#tunnels = byId(snapshot);
    for (const connection of this.#ready) {
      const tunnel = this.#tunnels.get(connection.tunnelId);
      if (!tunnel) connection.close('unknown-tunnel', 'the tunnel was deleted');
      else if (!tunnel.publicKeys.some((key) => Buffer.compare(key, connection.publicKey) === 0)) {
        connection.close('revoked', 'the key is no longer valid');
      }
    }
    this.#options.configs.apply(snapshot.tunnels);
    this.#options.routesChanged(this.#claims.routes(snapshot));
  }

  /** Ends connections of a tunnel because the owner says so; returns how many. */
  disconnect(target: DisconnectTarget, how: DisconnectHow): number {
    return this.#disconnector.end(target, how);
  }

  close(): void {
    for (const driven of this.#driven) driven.close('shutdown', 'the edge is stopping');
  }

  #accept(transport: Transport): void {
    const { edgeName, clock, random, log, windows, seat } = this.#options;
    if (this.#driven.size - this.#ready.size >= maxHandshakes) return transport.destroy();
    const handler: EdgeConnectionHandler = {
      onReady: (connection) => this.#onReady(connection),
      onRules: (connection, rules) => this.#onRules(connection, rules),
      onDraining: (connection) => this.#onDraining(connection),
      onConfigAck: (connection, ack) => this.#options.configs.acknowledged(connection, ack),
      onClosed: (connection, reason, detail, claim) => {
        this.#driven.delete(driven);
        this.#onClosed(connection, transport.remoteAddress, { reason, detail });
        if (!connection && claim && this.#tunnels.has(claim.tunnelId))
          this.#options.connectors.refused(claim, transport.remoteAddress, { reason, detail });
      },
    };
    // Reports nothing before it has returned.
    const driven = acceptConnection(
      transport,
      {
        edgeName,
        clock,
        random,
        windowBudget: windows,
        seat,
        // A tunnel that ends in this process has no key, whatever a snapshot says.
        lookupTunnel: (id) => (isLocalTunnelId(id) ? undefined : keysOf(this.#tunnels.get(id))),
        onFault: (error) => log.error('Fault in a tunnel stream', { error: String(error) }),
      },
      handler,
    );
    this.#driven.add(driven);
  }

  #onReady(connection: EdgeConnection): void {
    this.#ready.add(connection);
    this.#options.connectors.add(connection);
    this.#options.configs.connected(connection);
    this.#options.log.info('Tunnel connection registered', {
      tunnel: this.#nameOf(connection.tunnelId),
      connector: connection.instanceId,
      connIndex: connection.index,
      connection: connection.id,
      ip: connection.remoteAddress,
      protocol: connection.transportKind,
      version: connection.connectorInfo.version,
      hostname: connection.connectorInfo.hostname ?? '',
    });
  }

  #onDraining(connection: EdgeConnection): void {
    this.#options.registry.remove(connection);
    this.#options.connectors.tell('draining', connection, `connection ${connection.index}`);
  }

  #onRules(connection: EdgeConnection, rules: PublishedRules): void {
    this.#options.registry.setRules(connection, rules);
    this.#disconnector.ready(connection);
    this.#options.connectors.tell(
      'rules',
      connection,
      `version ${rules.version}, ${rules.rules.length} rules`,
    );
    this.claim(connection.tunnelId, rules);
  }

  /** A tunnel publishes rules, here or at another process of the edge. */
  claim(tunnelId: string, rules: PublishedRules): void {
    if (this.#claims.publish(tunnelId, rules))
      this.#options.routesChanged(this.#claims.routes(this.#snapshot));
  }

  #onClosed(connection: EdgeConnection | undefined, remoteAddress: string, end: ConnectionEnd): void {
    this.#options.registry.countDisconnect(end.reason);
    if (connection) {
      this.#ready.delete(connection);
      this.#options.registry.remove(connection);
      this.#options.connectors.remove(connection, end);
      this.#options.configs.closed(connection);
    }
    const tunnel = connection ? this.#nameOf(connection.tunnelId) : '';
    this.#options.log.info('Tunnel connection ended', {
      tunnel,
      connIndex: connection?.index ?? '',
      ip: remoteAddress,
      ...end,
    });
  }

  #nameOf(tunnelId: string): string {
    return this.#tunnels.get(tunnelId)?.name ?? tunnelId;
  }
}

/** What the handshake needs to know of a tunnel. */
function keysOf(tunnel: TunnelEntry | undefined): TunnelKeys | undefined {
  return tunnel && { publicKeys: tunnel.publicKeys, management: tunnel.config ? 'remote' : 'local' };
}

function byId(snapshot: EdgeSnapshot): ReadonlyMap<string, TunnelEntry> {
  return new Map(snapshot.tunnels.map((tunnel) => [tunnel.id, tunnel]));
}
