// How the edge is reached where the network is unkind: ALPN that does not get through, clocks that are wrong.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer, type TLSSocket, type TlsOptions } from 'node:tls';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { parseTunnelProtocol } from '#connector/links/edge-dialer.ts';
import { createCertificate, type TestCertificate } from '#testkit/certificates.ts';
import { createCredentials, publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';
import { acceptConnection } from '#tunnel/driver.ts';
import { pinOfCertificate } from '#tunnel/transport/edge-trust.ts';
import { acceptWebSocket } from '#tunnel/transport/websocket-transport.ts';
import { createTestCa, type EdgeSide } from './edge-side.ts';
import { startWorld, until } from './world.ts';

interface BareEdge {
  readonly credentials: TunnelCredentials;
  readonly side: EdgeSide;
  close(): void;
}

/** A TLS server with the part of an edge side that `startWorld` needs. */
async function startBareEdge(
  ca: TestCertificate,
  options: TlsOptions,
  serve: (socket: TLSSocket, credentials: TunnelCredentials) => void,
): Promise<BareEdge> {
  const server = createServer(options, (socket) => {
    socket.on('error', () => {});
    serve(socket, credentials);
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const credentials = createCredentials(systemRandom, `127.0.0.1:${port}`, pinOfCertificate(ca.der));
  return { credentials, side: { port } as EdgeSide, close: () => void server.close() };
}

test('where ALPN does not get through, the tunnel comes up as a WebSocket', async () => {
  const ca = createTestCa();
  const leaf = createCertificate({ name: 'edge', names: ['127.0.0.1'], issuer: ca });
  const http = createHttpServer();
  const edge = await startBareEdge(
    ca,
    { cert: leaf.cert + ca.cert, key: leaf.key, ALPNProtocols: ['http/1.1'] },
    (socket, credentials) => {
      http.removeAllListeners('upgrade');
      http.on('upgrade', (request: IncomingMessage, _socket, head: Buffer) => {
        const headers = Object.fromEntries(
          Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
        );
        acceptWebSocket({ method: 'GET', url: request.url ?? '', headers }, socket, head, (transport) => {
          acceptConnection(
            transport,
            {
              edgeName: 'edge.test',
              clock: systemClock,
              random: systemRandom,
              lookupTunnel: () => ({ publicKeys: [publicKeyOf(credentials)] }),
            },
            { onReady() {}, onRules() {}, onDraining() {}, onClosed() {} },
          );
        });
      });
      http.emit('connection', socket);
    },
  );
  const world = await startWorld(edge.side, '  - service: hello_world\n', { credentials: edge.credentials });
  await until(() => world.connector.state().readyConnections === 1, 'connected');
  assert.ok(
    world.logged.some((line) => line.includes('"protocol":"websocket"')),
    world.logged.join('\n'),
  );
  await world.connector.close();
  edge.close();
});

test('a clock that is behind is told as such: the certificate is not yet valid', async () => {
  const ca = createTestCa();
  const dayMs = 86_400_000;
  const leaf = createCertificate({
    name: 'edge',
    names: ['127.0.0.1'],
    issuer: ca,
    notBefore: new Date(Date.now() + dayMs),
    notAfter: new Date(Date.now() + 2 * dayMs),
  });
  const options = { cert: leaf.cert + ca.cert, key: leaf.key, ALPNProtocols: ['sallyport/1'] };
  const edge = await startBareEdge(ca, options, () => {});
  const world = await startWorld(edge.side, '  - service: hello_world\n', { credentials: edge.credentials });
  await until(() => world.connector.state().state === 'clock-wrong', 'the state says so');
  assert.match(world.connector.state().detail, /this machine's clock says .*set the clock/);
  assert.match(world.metrics.text(), /sallyport_connector_state\{state="clock-wrong"\} 1/);
  await world.connector.close();
  edge.close();
});

test('protocols of cloudflared are taken for auto, unknown ones are refused', () => {
  assert.deepEqual(['', 'auto', 'quic', 'http2', 'tls', 'websocket'].map(parseTunnelProtocol), [
    'auto',
    'auto',
    'auto',
    'auto',
    'tls',
    'websocket',
  ]);
  assert.throws(() => parseTunnelProtocol('carrier-pigeon'), /use auto, tls or websocket/);
});
