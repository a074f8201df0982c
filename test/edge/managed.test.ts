// Remotely managed tunnels (S3-1): a connector with nothing but its token serves what its edge keeps for it, from one
// moment to the next, with no stream broken. Real connectors, read by the code that reads config.yml.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { parseConnectorConfig, requireValid } from '#config/connector-config.ts';
import { type Connector, startConnector } from '#connector/connector.ts';
import { fixedCredentials } from '#connector/links/credentials-source.ts';
import type { ConnectorLive, LiveEvent } from '#model/live/live.ts';
import { rulesOf } from '../connector/world.ts';
import { loopbackLookup } from '../support/loopback-lookup.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, startEdgeWorld, tunnelOf } from './world.ts';

let world: EdgeWorld;
let origin: RecordingOrigin;
const started: Connector[] = [];
const events: LiveEvent[] = [];
let version = 0;

before(async () => {
  origin = await RecordingOrigin.start();
  world = await startEdgeWorld({
    ingress: '  - hostname: local.test\n    service: http_status:204\n',
    hosts: ['a.test', 'b.test'],
  });
  // The world's own connector is of no use here.
  await world.connectors.splice(0)[0]!.close();
  world.edge.onEvent((event) => void events.push(event));
});
after(async () => {
  for (const connector of started) await connector.close();
  await world.close();
  await origin.close();
});

const readPushedRules = (text: string): ReturnType<typeof rulesOf> => [
  ...requireValid(parseConnectorConfig(text, 'yaml', 'that the edge sent')).rules,
];

/** A connector as `tunnel run --token` starts it, or with rules of its own. */
async function start(
  options: { own?: string; isOld?: boolean; connections?: number } = {},
): Promise<Connector> {
  const connector = await startConnector({
    credentials: fixedCredentials(world.credentials),
    edgeAddress: `127.0.0.1:${world.port}`,
    rules: rulesOf(options.own ?? '  - service: http_status:503\n'),
    hasOwnRules: options.own !== undefined,
    readPushedRules: options.isOld === true ? undefined : readPushedRules,
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: new MetricsRegistry(),
    version: '0.0.0-test',
    arch: 'linux_x64',
    connections: options.connections ?? 2,
  });
  started.push(connector);
  await connector.connected();
  await eventually(
    'all its connections are up',
    () => connector.state().readyConnections === (options.connections ?? 2),
  );
  return connector;
}

async function stop(...connectors: Connector[]): Promise<void> {
  for (const connector of connectors) {
    await connector.close();
    started.splice(started.indexOf(connector), 1);
    await eventually('it is gone', () => live(connector) === undefined);
  }
}

function live({ connectorId }: Connector): ConnectorLive | undefined {
  return world.edge
    .live()
    .connectorsOf(world.credentials.tunnelId)
    .find(({ instanceId }) => instanceId === connectorId);
}

/** Puts rules in force at the edge; undefined: the tunnel is managed locally. */
function keep(ingress: string | undefined): void {
  version += 1;
  const config = ingress === undefined ? undefined : { version, text: `ingress:\n${ingress}` };
  world.apply({ tunnels: [{ ...tunnelOf(world.credentials), config }] });
}

const catchAll = '  - service: http_status:404\n';
const only = (host: string, service: string): string =>
  `  - hostname: ${host}\n    service: ${service}\n${catchAll}`;

async function statusOf(host = 'a.test'): Promise<number> {
  const [response] = await world.ask(`GET / HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
  return response!.status;
}

const becomes = (state: string, connector: Connector): Promise<true> =>
  eventually(`its config is ${state}`, () => live(connector)?.config.state === state);

describe('a connector with nothing but a token', () => {
  test('answers 503 until the edge keeps rules, then serves them and each change of them', async () => {
    keep(undefined);
    const connector = await start();
    assert.equal(await statusOf(), 503);
    keep(only('a.test', 'http_status:201'));
    await becomes('current', connector);
    await eventually('the new rules serve', async () => (await statusOf()) === 201);
    keep(only('a.test', 'http_status:202'));
    await eventually('the changed rules serve', async () => (await statusOf()) === 202);
    assert.equal(live(connector)!.config.version, version);
    assert.equal(connector.state().pushedVersion, version);
    assert.deepEqual(live(connector)!.rules[0], { hostname: 'a.test', path: '', service: 'http_status:202' });
    await stop(connector);
  });

  test('is sent them as it connects, and again when it has connected anew; a replica, too', async () => {
    keep(only('a.test', 'http_status:203'));
    const connectors = [await start(), await start()];
    for (const connector of connectors) await becomes('current', connector);
    assert.equal(await statusOf(), 203);
    for (const connection of world.edge.tunnelConnections()) connection.close('shutdown', 'a test');
    await eventually('both are back', () => world.edge.tunnelConnections().length === 4);
    for (const connector of connectors) await becomes('current', connector);
    assert.equal(await statusOf(), 203);
    await stop(...connectors);
  });

  test('refuses what is wrong with the line, tells the owner, and serves on with the last good rules', async () => {
    keep(only('a.test', 'http_status:201'));
    const connector = await start();
    await becomes('current', connector);
    events.length = 0;
    keep('  - hostname: a.test\n    service: ftp//nonsense\n  - service: http_status:404\n');
    await becomes('refused', connector);
    const { detail } = live(connector)!.config;
    assert.match(detail, /ftp\/\/nonsense.*\(line 2\)/);
    assert.ok(
      events.some(
        (event) => event.kind === 'connector' && event.what === 'config-refused' && event.detail === detail,
      ),
    );
    assert.equal(await statusOf(), 201);
    keep(only('a.test', 'http_status:202'));
    await becomes('current', connector);
    await stop(connector);
  });

  test('keeps what is under way: no stream is broken by new rules, not even when its rule is gone (TestPersistentConnection)', async () => {
    const sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
    await once(sockets, 'listening');
    sockets.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data)));
    const { port } = sockets.address() as { port: number };
    keep(only('a.test', `http://127.0.0.1:${port}`));
    const connector = await start();
    await becomes('current', connector);
    const socket = new WebSocket(`wss://a.test:${world.port}/`, [], { ca: world.ca, lookup: loopbackLookup });
    await once(socket, 'open');
    for (const service of ['http_status:200', `http://127.0.0.1:${port}`, 'http_status:201']) {
      keep(only('a.test', service));
      await becomes('current', connector);
      socket.send(service);
      const [data] = (await once(socket, 'message')) as [Buffer];
      assert.equal(data.toString(), service);
    }
    await eventually('new requests take the new rule', async () => (await statusOf()) === 201);
    socket.terminate();
    sockets.close();
    await stop(connector);
  });

  test('loses no request while its rules change under load', async () => {
    keep(only('a.test', origin.url));
    const connector = await start();
    await becomes('current', connector);
    let isOver = false;
    const statuses = new Map<number, number>();
    const load = async (): Promise<void> => {
      const client = await world.client();
      for (let i = 1; !isOver; i++) {
        client.send('GET /load HTTP/1.1\r\nHost: a.test\r\n\r\n');
        await eventually('an answer', () => client.text.split('HTTP/1.1 ').length > i);
        const status = Number(client.text.split('HTTP/1.1 ').at(-1)!.slice(0, 3));
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }
    };
    const loads = Array.from({ length: 4 }, load);
    for (let i = 0; i < 20; i++) {
      keep(`  - hostname: h${i}.test\n    service: http_status:200\n${only('a.test', origin.url)}`);
      await becomes('current', connector);
    }
    isOver = true;
    await Promise.all(loads);
    assert.deepEqual([...statuses.keys()], [200]);
    await stop(connector);
  });
});

describe('beside them', () => {
  test('a connector of an earlier release keeps working with its own rules, and is shown not to take any', async () => {
    keep(only('a.test', 'http_status:201'));
    const old = await start({ own: only('a.test', 'http_status:418'), isOld: true });
    assert.equal(live(old)!.config.state, 'unsupported');
    assert.equal(await statusOf(), 418);
    await stop(old);
  });

  test('a connector with rules of its own is overruled while the edge keeps some, and goes back to its own after', async () => {
    keep(undefined);
    const connector = await start({ own: only('a.test', 'http_status:418') });
    assert.equal(await statusOf(), 418);
    assert.equal(live(connector)!.config.state, 'local');
    keep(only('a.test', 'http_status:201'));
    await eventually('the edge’s rules serve', async () => (await statusOf()) === 201);
    keep(undefined);
    await eventually('its own serve again', async () => (await statusOf()) === 418);
    await stop(connector);
  });

  test('sixty connectors are brought new rules while requests go on', async () => {
    keep(only('a.test', origin.url));
    const connectors = await Promise.all(Array.from({ length: 60 }, () => start({ connections: 1 })));
    const areCurrent = (): boolean =>
      world.edge
        .live()
        .connectorsOf(world.credentials.tunnelId)
        .every(({ config }) => config.state === 'current' && config.version === version);
    await eventually('all are current', areCurrent);
    const many = Array.from(
      { length: 20 },
      (_, i) => `  - hostname: h${i}.test\n    service: http_status:200\n`,
    );
    keep(many.join('') + only('a.test', origin.url));
    const client = await world.client();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
    await client.waitFor('HTTP/1.1 200');
    await eventually('all have the new ones', areCurrent);
    assert.equal(world.edge.live().connectorsOf(world.credentials.tunnelId).length, 60);
    await Promise.all(connectors.map((connector) => connector.close()));
    started.length = 0;
  });
});
