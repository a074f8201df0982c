// Two driven sessions joined to each other: the smallest whole tunnel, for tests and benches.
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type {
  ConnectorConnection,
  ConnectorConnectionHandler,
  DisconnectReason,
  EdgeConnection,
  EdgeConnectionHandler,
} from '#tunnel/connection.ts';
import { createCredentials, publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';
import { acceptConnection, dialConnection } from '#tunnel/driver.ts';
import type { TunnelKeys } from '#tunnel/session/handshake.ts';
import type { OpenRequest, TunnelStream } from '#tunnel/stream.ts';
import type { Transport } from '#tunnel/transport/transport.ts';
import type { ConnectorInfo } from '#wire/tunnel-message.ts';
import { createUuid } from '#base/text/uuid.ts';

export interface TunnelPairOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly edgeTransport: Transport;
  readonly connectorTransport: Transport;
  readonly credentials?: TunnelCredentials;
  readonly defer?: (run: () => void) => void;
  /** Default: knows the credentials' tunnel and its key. */
  readonly lookupTunnel?: (tunnelId: string) => TunnelKeys | undefined;
  /** Takes streams at the connector; default: echoes everything. */
  readonly onStream?: ConnectorConnectionHandler['onStream'];
  readonly streamLimit?: number;
  /** What the connector says of itself beside version and arch. */
  readonly info?: Partial<ConnectorInfo>;
  readonly lastStreamId?: number;
  readonly edgeHandler?: Partial<EdgeConnectionHandler>;
  readonly connectorHandler?: Partial<ConnectorConnectionHandler>;
}

/** What happened at one end. */
export interface PairEnd<Connection> {
  connection: Connection | undefined;
  closed: { readonly reason: DisconnectReason; readonly detail: string } | undefined;
  readonly faults: unknown[];
}

export interface TunnelPair {
  readonly credentials: TunnelCredentials;
  readonly edge: PairEnd<EdgeConnection>;
  readonly connector: PairEnd<ConnectorConnection>;
  /** Both ends have completed the handshake. */
  readonly isReady: boolean;
}

/** An OPEN for tests that do not care what it says. */
export const plainOpenRequest: OpenRequest = {
  rulesVersion: 1,
  ruleIndex: 0,
  host: 'blog.example.com',
  client: { address: '203.0.113.7', port: 50_123 },
  local: { address: '198.51.100.1', port: 443 },
  destination: '',
  requestId: '0123456789abcdef',
};

export function tunnelPair(options: TunnelPairOptions): TunnelPair {
  const { clock, random, defer } = options;
  const credentials = options.credentials ?? createCredentials(random, '', '');
  const edge: PairEnd<EdgeConnection> = { connection: undefined, closed: undefined, faults: [] };
  const connector: PairEnd<ConnectorConnection> = { connection: undefined, closed: undefined, faults: [] };
  const limits = { streams: options.streamLimit, lastStreamId: options.lastStreamId };
  acceptConnection(
    options.edgeTransport,
    {
      clock,
      random,
      defer,
      limits,
      edgeName: 'edge.example.com',
      onFault: (error) => void edge.faults.push(error),
      lookupTunnel:
        options.lookupTunnel ??
        ((id) => (id === credentials.tunnelId ? { publicKeys: [publicKeyOf(credentials)] } : undefined)),
    },
    recordEdge(edge, options.edgeHandler ?? {}),
  );
  dialConnection(
    options.connectorTransport,
    {
      clock,
      random,
      defer,
      limits,
      credentials,
      instanceId: createUuid(random),
      index: 0,
      info: { version: '0.1.0', arch: 'linux_x64', ...options.info },
      onFault: (error) => void connector.faults.push(error),
    },
    recordConnector(connector, options),
  );
  return {
    credentials,
    edge,
    connector,
    get isReady() {
      return edge.connection !== undefined && connector.connection !== undefined;
    },
  };
}

function recordEdge(
  end: PairEnd<EdgeConnection>,
  handler: Partial<EdgeConnectionHandler>,
): EdgeConnectionHandler {
  return {
    onReady(connection) {
      end.connection = connection;
      handler.onReady?.(connection);
    },
    onRules: (connection, rules) => handler.onRules?.(connection, rules),
    onDraining: (connection) => handler.onDraining?.(connection),
    onConfigAck: (connection, ack) => handler.onConfigAck?.(connection, ack),
    onClosed(connection, reason, detail, claim) {
      end.closed = { reason, detail };
      handler.onClosed?.(connection, reason, detail, claim);
    },
  };
}

function recordConnector(
  end: PairEnd<ConnectorConnection>,
  options: TunnelPairOptions,
): ConnectorConnectionHandler {
  const handler = options.connectorHandler ?? {};
  return {
    onReady(connection) {
      end.connection = connection;
      handler.onReady?.(connection);
    },
    onStream: options.onStream ?? ((stream, _request, opened) => echo(stream, opened)),
    ...(handler.onConfig ? { onConfig: handler.onConfig } : {}),
    ...(handler.onProbe ? { onProbe: handler.onProbe } : {}),
    onDraining: (connection) => handler.onDraining?.(connection),
    onClosed(connection, reason, detail) {
      end.closed = { reason, detail };
      handler.onClosed?.(connection, reason, detail);
    },
  };
}

/** Sends back what comes, with backpressure: bytes are consumed as the peer takes their echo. */
export function echo(stream: TunnelStream, opened: () => void): void {
  let heldBytes = 0;
  stream.handler = {
    onData(chunk) {
      if (stream.write(chunk, true)) stream.consume(chunk.length);
      else heldBytes += chunk.length;
    },
    onEnd: () => stream.end(),
    onReset() {},
    onDrain() {
      stream.consume(heldBytes);
      heldBytes = 0;
    },
  };
  opened();
}
