// The edge's side of a tunnel for tests: a real TLS listener on loopback that accepts tunnels and opens streams.
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer, type Server, type TLSSocket } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { createCertificate, type TestCertificate } from '#testkit/certificates.ts';
import type { DisconnectReason, EdgeConnection } from '#tunnel/connection.ts';
import { publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';
import { acceptConnection } from '#tunnel/driver.ts';
import { pinOfCertificate } from '#tunnel/transport/edge-trust.ts';
import type { OpenRequest, ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';
import { tlsTransport } from '#tunnel/transport/tls-transport.ts';

export interface EdgeSide {
  readonly port: number;
  readonly caPin: string;
  /** Connections whose connector has published rules. */
  readonly connections: EdgeConnection[];
  readonly closed: { reason: DisconnectReason; detail: string; index: number }[];
  /** Tunnels that are accepted; change it at will. */
  readonly keys: Map<string, Uint8Array[]>;
  allow(credentials: TunnelCredentials): void;
  /** Opens a stream for a rule of the newest connection, or the one given. */
  open(ruleIndex: number, change?: Partial<OpenRequest>, connection?: EdgeConnection): StreamProbe;
  /** Cuts every socket without a word. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts an edge on a free port, or on the one given (to come back where it was). */
export async function startEdgeSide(port = 0, ca = createTestCa()): Promise<EdgeSide> {
  const leaf = createCertificate({ name: 'edge', names: ['127.0.0.1', 'localhost'], issuer: ca });
  const connections: EdgeConnection[] = [];
  const closed: EdgeSide['closed'] = [];
  const keys = new Map<string, Uint8Array[]>();
  const sockets = new Set<Socket>();
  const server: Server = createServer({
    cert: leaf.cert + ca.cert,
    key: leaf.key,
    ALPNProtocols: ['sallyport/1'],
    minVersion: 'TLSv1.3',
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => {});
  server.on('secureConnection', (socket: TLSSocket) => {
    acceptConnection(
      tlsTransport(socket),
      {
        edgeName: 'edge.test',
        clock: systemClock,
        random: systemRandom,
        lookupTunnel: (tunnelId) => {
          const publicKeys = keys.get(tunnelId);
          return publicKeys && { publicKeys };
        },
      },
      {
        onReady() {},
        onRules(connection) {
          if (!connections.includes(connection)) connections.push(connection);
        },
        onDraining(connection) {
          remove(connections, connection);
        },
        onClosed(connection, reason, detail) {
          if (connection) remove(connections, connection);
          closed.push({ reason, detail, index: connection?.index ?? -1 });
        },
      },
    );
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    caPin: pinOfCertificate(ca.der),
    connections,
    closed,
    keys,
    allow: (credentials) => void keys.set(credentials.tunnelId, [publicKeyOf(credentials)]),
    open: (ruleIndex, change = {}, connection = connections.at(-1)!) =>
      new StreamProbe((probe) => {
        const stream = connection.open({ ...openRequest(connection, ruleIndex), ...change });
        stream.handler = probe;
        return stream;
      }),
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const connection of connections.slice()) connection.close('shutdown');
      server.close();
      await new Promise((resolve) => setTimeout(resolve, 5));
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** A CA that may be used again for an edge that comes back. */
export function createTestCa(): TestCertificate {
  return createCertificate({ name: 'test CA', isCa: true });
}

function remove(connections: EdgeConnection[], connection: EdgeConnection): void {
  const index = connections.indexOf(connection);
  if (index >= 0) connections.splice(index, 1);
}

function openRequest(connection: EdgeConnection, ruleIndex: number): OpenRequest {
  return {
    rulesVersion: connection.rules!.version,
    ruleIndex,
    host: 'app.example.com',
    client: { address: '203.0.113.7', port: 50_123 },
    local: { address: '198.51.100.1', port: 443 },
    destination: '',
    requestId: 'request-1',
  };
}

/** The edge's user of one stream: gathers what comes, gives credit unless told not to. */
export class StreamProbe implements StreamHandler {
  readonly stream: TunnelStream;
  readonly chunks: Buffer[] = [];
  byteCount = 0;
  isOpened = false;
  isEnded = false;
  isReading = true;
  keepsChunks = true;
  drains = 0;
  reset: { reason: ResetReason; detail: string } | undefined;

  constructor(open: (probe: StreamProbe) => TunnelStream) {
    this.stream = open(this);
  }

  get text(): string {
    return Buffer.concat(this.chunks).toString();
  }

  send(text: string): void {
    this.stream.write(Buffer.from(text), false);
  }

  onOpened(): void {
    this.isOpened = true;
  }

  onData(chunk: Buffer): void {
    this.byteCount += chunk.length;
    if (this.keepsChunks) this.chunks.push(Buffer.from(chunk));
    if (this.isReading) this.stream.consume(chunk.length);
  }

  onEnd(): void {
    this.isEnded = true;
  }

  onReset(reason: ResetReason, detail: string): void {
    this.reset = { reason, detail };
  }

  onDrain(): void {
    this.drains += 1;
  }
}
