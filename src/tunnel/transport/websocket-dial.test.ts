// Dialling by WebSocket what is no edge: an answer in time, always.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createServer, type TLSSocket } from 'node:tls';
import { createCertificate } from '#testkit/certificates.ts';
import { pinOfCertificate } from './edge-trust.ts';
import { dialWebSocket } from './websocket-transport.ts';

test('a web server that takes the upgrade request and never answers is given up in time', async () => {
  const ca = createCertificate({ name: 'CA', isCa: true });
  const leaf = createCertificate({ name: 'site', names: ['127.0.0.1'], issuer: ca });
  const sockets: TLSSocket[] = [];
  const server = createServer(
    { cert: leaf.cert + ca.cert, key: leaf.key, ALPNProtocols: ['http/1.1'] },
    (socket) => {
      sockets.push(socket);
      socket.on('error', () => {});
      socket.resume();
    },
  );
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await assert.rejects(
    dialWebSocket(
      {
        host: '127.0.0.1',
        port,
        caPin: pinOfCertificate(ca.der),
        timeoutMs: 200,
        wallMs: () => Date.now(),
      },
      AbortSignal.timeout(3_000),
    ),
    /^SallyportError: The edge 127\.0\.0\.1:\d+ did not answer within 0\.2 s/,
  );
  for (const socket of sockets) socket.destroy();
  server.close();
});
