// An edge that cannot be reached, for each reason there is: the connector names the cause and the cure in its log, its
// metrics and its /ready body, and is there by itself once the cause is gone.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { after, before, describe, test } from 'node:test';
import { createCertificate, type TestCertificate } from '#testkit/certificates.ts';
import { eventually } from '../support/eventually.ts';
import { freePort } from '../support/process.ts';
import { metricOf, World, type WorldConnector } from './world.ts';

const dayMs = 86_400_000;
const ingress = '  - service: hello_world\n';

let world: World;
before(() => (world = new World()));
after(() => world.close());

/** Waits for the state and checks that log, metric and /ready agree on it. */
async function says(connector: WorldConnector, state: string, detail: RegExp): Promise<void> {
  await eventually(
    `the connector is ${state}: ${JSON.stringify(connector.connector.state())}`,
    () => connector.connector.state().state === state,
    60_000,
  );
  const ready = await connector.ready();
  assert.equal(ready.status, 503);
  assert.equal(ready.body.state, state);
  assert.match(ready.body.detail ?? '', detail);
  assert.equal(metricOf(connector.metrics, `sallyport_connector_state{state="${state}"}`), 1);
  assert.ok(
    connector.logged.some((line) => /^(ERR|WRN) /.test(line) && detail.test(line)),
    `the log says it too:\n${connector.logged.join('\n')}`,
  );
  assert.ok(connector.logged.some((line) => line.startsWith('INF Retrying connection in up to ')));
}

async function heals(connector: WorldConnector): Promise<void> {
  await eventually(
    'the connector heals by itself',
    () => connector.connector.state().readyConnections === 2,
    60_000,
  );
  const ready = await connector.ready();
  assert.equal(`${ready.status} ${ready.body.state} ${ready.body.detail ?? ''}`, '200 connected ');
}

describe('an edge that cannot be reached', { concurrency: true }, () => {
  test('S0-39 nothing listens there: refused, then healed when the edge starts', async () => {
    const port = await freePort();
    const connector = await world.startConnector({ port }, { ingress });
    await says(connector, 'unreachable', /refused the connection; check that the edge runs/);
    await world.startEdge({ port });
    await heals(connector);
  });

  test('S0-39 a name that DNS does not know', async () => {
    const connector = await world.startConnector(
      { port: 1 },
      { ingress, edgeAddress: 'edge.example.invalid:443' },
    );
    await says(
      connector,
      'unreachable',
      /The name of the edge edge\.example\.invalid:443 (does not exist|could not be resolved)/,
    );
  });

  test('S0-39 what answers does not speak TLS, or speaks it and is no edge', async () => {
    const web = await listen(
      createServer((socket) => {
        socket.on('error', () => undefined);
        socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
      }),
    );
    const plain = await world.startConnector({ port: web.port }, { ingress });
    const site = await listen(
      createTlsServer({
        cert: world.leaf.cert + world.ca.cert,
        key: world.leaf.key,
        ALPNProtocols: ['http/1.1'],
      }),
    );
    const secure = await world.startConnector({ port: site.port }, { ingress, dialTimeoutMs: 500 });
    await says(plain, 'unreachable', /does not speak TLS/);
    await says(secure, 'unreachable', /does not (offer|speak)|WebSocket/);
  });

  test('S0-39 what listens never answers', async () => {
    const mute = await listen(createServer(() => undefined));
    const connector = await world.startConnector({ port: mute.port }, { ingress, dialTimeoutMs: 500 });
    await says(
      connector,
      'unreachable',
      /did not answer within 0\.5 s; check that it runs and that no firewall/,
    );
  });

  const stranger = createCertificate({ name: 'another CA', isCa: true });
  const badCertificates: ReadonlyArray<{
    readonly what: string;
    readonly state: string;
    readonly detail: RegExp;
    readonly issuer?: TestCertificate;
    make(world: World): TestCertificate;
  }> = [
    {
      what: 'is for another name',
      state: 'unreachable',
      detail: /is for other\.example\.org, not for 127\.0\.0\.1/,
      make: ({ ca }) => createCertificate({ name: 'edge', names: ['other.example.org'], issuer: ca }),
    },
    {
      what: 'has expired, or the clock is ahead',
      state: 'unreachable',
      detail:
        /expired at .* this machine's clock says .*if the clock is right, renew .* otherwise set the clock/,
      make: ({ ca }) =>
        createCertificate({
          name: 'edge',
          names: ['127.0.0.1'],
          issuer: ca,
          notBefore: new Date(Date.now() - 9 * dayMs),
          notAfter: new Date(Date.now() - dayMs),
        }),
    },
    {
      what: 'is not valid yet: a clock that is behind',
      state: 'clock-wrong',
      detail: /is valid only from .* this machine's clock says .*set the clock/,
      make: ({ ca }) =>
        createCertificate({
          name: 'edge',
          names: ['127.0.0.1'],
          issuer: ca,
          notBefore: new Date(Date.now() + dayMs),
          notAfter: new Date(Date.now() + 9 * dayMs),
        }),
    },
    {
      what: 'comes from an authority that nobody vouched for',
      state: 'unreachable',
      detail: /was issued by .*which this machine does not trust/,
      issuer: stranger,
      make: () => createCertificate({ name: 'edge', names: ['127.0.0.1'], issuer: stranger }),
    },
  ];
  for (const { what, state, detail, make, issuer } of badCertificates) {
    test(`S0-39 the edge's certificate ${what}; once it is good the connector heals`, async () => {
      const bad = await world.startEdge({ leaf: make(world), issuer });
      const connector = await world.startConnector(bad, { ingress });
      await says(connector, state, detail);
      await bad.edge.close();
      await world.startEdge({ port: bad.port });
      await heals(connector);
    });
  }
});

/** Listens on loopback until the world closes. */
async function listen(server: Server): Promise<{ readonly port: number }> {
  const open = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    open.add(socket);
    socket.on('error', () => undefined);
  });
  server.on('tlsClientError', () => undefined);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  world.closeAtEnd(() => {
    server.close();
    for (const socket of open) socket.destroy();
  });
  return server.address() as { port: number };
}
