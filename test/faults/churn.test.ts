// Wear: thousands of connections that come and go leave nothing behind, and a connector that publishes the largest
// rules there can be holds nobody up.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { RE2JS } from 're2js';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';

import { plainRule, type PublishedRules } from '#model/ingress/published-rules.ts';
import type { ConnectorConnection } from '#tunnel/connection.ts';
import { dialConnection } from '#tunnel/driver.ts';
import { tlsTransport, tunnelAlpnProtocol } from '#tunnel/transport/tls-transport.ts';
import { eventually } from '../support/eventually.ts';
import { metricOf, World, type WorldEdge } from './world.ts';
import { startWebOrigin, type WebOrigin } from './web-origin.ts';
import { createUuid } from '#base/text/uuid.ts';

let world: World;
let origin: WebOrigin;
before(async () => {
  world = new World();
  origin = await startWebOrigin();
  world.closeAtEnd(() => origin.close());
});
after(() => world.close());

const collectGarbage = (() => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** Bytes of the heap and of buffers in use once everything loose is gone. */
async function usedBytes(): Promise<number> {
  for (let i = 0; i < 3; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    collectGarbage();
  }
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** One tunnel connection as a connector makes it: up, rules published, and gone, every fourth time without a word. */
async function tunnelComesAndGoes(edge: WorldEdge, context: SecureContext, index: number): Promise<void> {
  await holdTunnel(edge, context, { index, rules: [] }, (connection, socket) => {
    if (index % 4 === 0) socket.destroy();
    else void connection.drain();
  });
}

interface TunnelToHold {
  readonly index: number;
  readonly rules: PublishedRules['rules'];
}

/** A tunnel connection from its dial to its end; `published` is called in between. */
async function holdTunnel(
  edge: WorldEdge,
  context: SecureContext,
  { index, rules }: TunnelToHold,
  published: (connection: ConnectorConnection, socket: TLSSocket) => void,
): Promise<void> {
  const socket = connectTls({
    port: edge.port,
    host: '127.0.0.1',
    secureContext: context,
    ALPNProtocols: [tunnelAlpnProtocol],
    minVersion: 'TLSv1.3',
    checkServerIdentity: () => undefined,
  });
  await once(socket, 'secureConnect');
  await new Promise<void>((resolve, reject) => {
    dialConnection(
      tlsTransport(socket),
      {
        credentials: world.credentials,
        instanceId: createUuid(systemRandom),
        index: index % 4,
        info: { version: '0.0.0-test', arch: 'linux_x64' },
        clock: systemClock,
        random: systemRandom,
      },
      {
        onReady(connection) {
          connection.publish({ version: 1, rules }).then(() => published(connection, socket), reject);
        },
        onStream() {},
        onDraining() {},
        onClosed: () => resolve(),
      },
    );
  });
}

/**
 * What a thousand leave behind: a leak shows in every round, while the engine's own leftovers (compiled code, caches of a
 * fixed size that fill) show in some.
 */
async function leastGrownBytes(round: (count: number) => Promise<void>): Promise<number> {
  let least = Infinity;
  for (let rounds = 0; rounds < 4 && least > leakBytes; rounds += 1) {
    const before = await usedBytes();
    await round(1_000);
    least = Math.min(least, (await usedBytes()) - before);
  }
  return least;
}

/** A kilobyte for each of a thousand. */
const leakBytes = 1_000_000;

test('of two thousand connections, a thousand tunnels leave no memory behind', async () => {
  const edge = await world.startEdge();
  const context = createSecureContext({ ca: world.ca.cert });
  const round = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 20) {
      await Promise.all(Array.from({ length: 20 }, (_, n) => tunnelComesAndGoes(edge, context, n)));
    }
    await eventually('all are gone', () => edge.edge.tunnelConnections().length === 0);
    edge.logged.length = 0;
  };
  await round(200);
  const before = await usedBytes();
  await round(1_000);
  const grownBytes = (await usedBytes()) - before;
  assert.ok(grownBytes < 1_000_000, `grown by ${grownBytes} bytes over 1,000 connections`);
  const ended = (reason: string): number =>
    metricOf(edge.metrics, `sallyport_edge_tunnel_disconnects_total{reason="${reason}"}`);
  assert.equal(ended('drained') + ended('peer-closed') + ended('transport-error'), 1_200);
});

/** The edge keeps its last requests; until it has as many as it keeps, each one adds to what it holds. */
async function fillRequestLog(edge: WorldEdge): Promise<void> {
  const keptRequests = 5_000;
  const socket = connectTls({
    port: edge.port,
    host: '127.0.0.1',
    ca: world.ca.cert,
    checkServerIdentity: () => undefined,
  });
  let answers = 0;
  socket.on(
    'data',
    (bytes: Buffer) => (answers += bytes.toString('latin1').split('HTTP/1.1 404').length - 1),
  );
  await once(socket, 'secureConnect');
  for (let sent = 0; sent < keptRequests; sent += 100) {
    socket.write('GET / HTTP/1.1\r\nHost: nowhere.test\r\n\r\n'.repeat(100));
    await eventually('a hundred are answered', () => answers > sent);
  }
  socket.destroy();
}

test('of two thousand connections, a thousand visits leave no memory behind', async () => {
  const edge = await world.startEdge();
  await world.startConnector(edge, { ingress: `  - service: ${origin.url}\n` });
  await world.connected(edge, 2);
  const round = async (count: number): Promise<void> => {
    for (let i = 0; i < count; i += 20) {
      const answers = await Promise.all(Array.from({ length: 20 }, () => world.ask(edge, '/hello')));
      for (const { status } of answers) assert.equal(status, 200);
    }
    await eventually('all are done', () => metricOf(edge.metrics, 'sallyport_edge_requests_active') === 0);
    edge.accessLog.length = 0;
  };
  await fillRequestLog(edge);
  await round(200);
  const grownBytes = await leastGrownBytes(round);
  assert.ok(grownBytes < leakBytes, `grown by at least ${grownBytes} bytes in each 1,000 connections`);
});

test('S0-8 ten thousand published rules with patterns hold nobody up', async (t) => {
  const edge = await world.startEdge();
  const context = createSecureContext({ ca: world.ca.cert });
  const rules: PublishedRules['rules'] = Array.from({ length: 10_000 }, (_, i) => ({
    ...plainRule,
    hostname: i === 9_999 ? '' : `n${i}.example.com`,
    path: i === 9_999 ? '' : `^/api/[a-z]+/(v[0-9]+|latest)/n${i}[.](png|jpg)$`,
    service: 'http://localhost:8080',
  }));
  const compiled = t.mock.method(RE2JS, 'compile');
  await Promise.all(
    [0, 1, 2, 3].map((index) =>
      holdTunnel(edge, context, { index, rules }, (connection) => {
        void world.ask(edge, '/anything').then(() => connection.close('shutdown'));
      }),
    ),
  );
  // Compiling them all would take a second each time; none is needed for a host that none of them names.
  assert.equal(compiled.mock.callCount(), 0);
});
