// A connector through bad days: edges that go away, keys that are revoked, files that are mended, drains, replicas.
import assert from 'node:assert/strict';
import { mkdtempSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync, mkdirSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { readConnectorConfig, requireValid } from '#config/connector-config.ts';
import { fileCredentials } from '#connector/links/credentials-source.ts';
import { startMetricsServer } from '#connector/metrics-server.ts';
import { reloadOnChange } from '#connector/rules/reload.ts';
import { createCertificate } from '#testkit/certificates.ts';
import { createCredentials, formatToken, publicKeyOf } from '#tunnel/credentials.ts';
import { createTestCa, type EdgeSide, startEdgeSide, type StreamProbe } from './edge-side.ts';
import { echo, startOrigin } from './origins.ts';
import { credentialsFor, listLog, startWorld as start, until, type World } from './world.ts';

let folder: string;
let edge: EdgeSide;
const worlds: World[] = [];

/** A failed test must not keep the process alive: whatever was started is closed at the end. */
async function startWorld(...options: Parameters<typeof start>): Promise<World> {
  const world = await start(...options);
  worlds.push(world);
  return world;
}

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'sallyport-connector-'));
  edge = await startEdgeSide();
});
after(async () => {
  rmSync(folder, { recursive: true });
  await Promise.all(worlds.map((world) => world.connector.close()));
  await edge.close();
});

function read(address: string, path: string): Promise<{ status: number; body: string }> {
  return fetch(`http://${address}${path}`).then(async (response) => ({
    status: response.status,
    body: await response.text(),
  }));
}

test('four connections come up, the first before the others, and the log says so as cloudflared does', async () => {
  const world = await startWorld(edge, '  - service: http_status:404\n', { connections: 4 });
  await until(() => world.connector.state().readyConnections === 4, 'four connections');
  const registered = world.logged.filter((line) => line.startsWith('INF Registered tunnel connection'));
  assert.equal(registered.length, 4);
  assert.match(
    registered[0]!,
    /"connIndex":0,"connection":"[^"]+","event":0,"ip":"127.0.0.1:\d+","location":"edge.test","protocol":"tls"/,
  );
  assert.equal(world.connector.state().state, 'connected');
  assert.match(world.metrics.text(), /cloudflared_tunnel_ha_connections 4/);
  await world.connector.close();
  await until(() => edge.connections.length === 0, 'the edge sees them go');
});

test('an edge that is killed and comes back is found again without help', async () => {
  const ca = createTestCa();
  const first = await startEdgeSide(0, ca);
  const world = await startWorld(first, '  - service: hello_world\n', { connections: 2 });
  await until(() => world.connector.state().readyConnections === 2, 'connected');
  first.cut();
  await first.close();
  await until(() => world.connector.state().readyConnections === 0, 'lost');
  await until(() => /refused the connection/.test(world.connector.state().detail), 'says what was tried');
  assert.equal(world.connector.state().state, 'unreachable');
  assert.ok(world.logged.some((line) => line.startsWith('ERR Lost connection with the edge')));
  const second = await startEdgeSide(first.port, ca);
  second.allow(world.credentials);
  await until(() => world.connector.state().readyConnections === 2, 'connected again', 20_000);
  assert.ok(world.logged.some((line) => line.startsWith('INF Retrying connection in up to ')));
  await world.connector.close();
  await second.close();
});

test('S0-14 a revoked key is loud, tried slowly, and healed by a mended secret file', async () => {
  const file = join(folder, 'token');
  const old = credentialsFor(edge);
  writeFileSync(file, formatToken(old));
  const logged: string[] = [];
  const source = fileCredentials({ file, form: 'token', clock: systemClock, log: listLog(logged) });
  const world = await startWorld(edge, '  - service: hello_world\n', {
    connections: 2,
    source,
    credentials: old,
  });
  await until(() => world.connector.state().readyConnections === 2, 'connected');

  edge.keys.delete(old.tunnelId);
  for (const connection of edge.connections.slice()) connection.close('revoked');
  await until(() => world.connector.state().state === 'unauthorized', 'unauthorized');
  assert.match(world.connector.state().detail, /renew the token or credentials file/);
  assert.ok(world.logged.some((line) => line.startsWith('ERR The edge')));
  const before = edge.closed.length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.ok(edge.closed.length - before <= 1, 'it does not hammer the edge');

  const renewed = createCredentials(systemRandom, `127.0.0.1:${edge.port}`, edge.caPin);
  edge.keys.set(renewed.tunnelId, [publicKeyOf(renewed)]);
  writeFileSync(`${file}.new`, formatToken(renewed));
  renameSync(`${file}.new`, file);
  await until(() => world.connector.state().readyConnections === 2, 'healed', 5_000);
  assert.equal(world.connector.state().state, 'connected');
  assert.equal(world.connector.state().detail, '');
  await world.connector.close();
  source.close();
});

test('a connector that was refused says so, although another of its connections is cut without a word after that', async (context) => {
  const own = await startEdgeSide();
  const world = await startWorld(own, '  - service: hello_world\n', { connections: 2 });
  context.after(async () => {
    await world.connector.close();
    await own.close();
  });
  await until(() => own.connections.length === 2, 'connected');
  own.keys.delete(world.credentials.tunnelId);
  own.connections.find(({ index }) => index === 0)!.close('revoked');
  await until(() => world.connector.state().readyConnections === 1, 'the first is refused');
  await until(() => world.logged.some((line) => line.includes('renew the token')), 'which is told');
  own.cut();
  await until(() => world.connector.state().readyConnections === 0, 'the second is cut');
  assert.equal(world.connector.state().state, 'unauthorized');
  assert.match(world.connector.state().detail, /renew the token or credentials file/);
});

test('rotated credentials move every connection over without a moment without one', async () => {
  const file = join(folder, 'rotating');
  const old = credentialsFor(edge);
  writeFileSync(file, formatToken(old));
  const source = fileCredentials({ file, form: 'token', clock: systemClock, log: listLog([]) });
  const world = await startWorld(edge, '  - service: hello_world\n', {
    connections: 2,
    source,
    credentials: old,
  });
  await until(() => world.connector.state().readyConnections === 2, 'connected');
  const renewed = createCredentials(systemRandom, `127.0.0.1:${edge.port}`, edge.caPin);
  edge.keys.set(renewed.tunnelId, [publicKeyOf(renewed)]);
  let least = 2;
  writeFileSync(file, formatToken(renewed));
  await until(() => {
    least = Math.min(least, world.connector.state().readyConnections);
    return (
      edge.connections.length === 2 && edge.connections.every(({ tunnelId }) => tunnelId === renewed.tunnelId)
    );
  }, 'moved');
  assert.ok(least >= 1);
  await world.connector.close();
  source.close();
});

test('a drain lets streams finish, says 503 at once, and ends early when idle', async () => {
  const origin = await startOrigin((socket) => {
    socket.on('data', () => setTimeout(() => socket.end('slow answer'), 150));
  });
  const world = await startWorld(edge, `  - service: http://127.0.0.1:${origin.port}\n`);
  await until(() => world.connector.state().readyConnections === 1, 'connected');
  await until(() => edge.connections.length === 1, 'rules');
  const server = await startMetricsServer({
    listen: '127.0.0.1:0',
    metrics: world.metrics,
    state: () => world.connector.state(),
    rules: () => world.connector.rules,
  });
  assert.equal((await read(server.address, '/ready')).status, 200);
  const probe = edge.open(0);
  probe.send('GET');
  await until(() => probe.isOpened, 'opened');
  // A grace period of any length is accepted, also one that no timer can count.
  const drained = world.connector.drain(100 * 86_400_000);
  const ready = await read(server.address, '/ready');
  assert.equal(ready.status, 503);
  assert.equal((JSON.parse(ready.body) as { state: string }).state, 'draining');
  await until(() => probe.isEnded, 'the answer came');
  assert.equal(probe.text, 'slow answer');
  probe.stream.end();
  // It does not wait for the whole grace period.
  await drained;
  await until(() => edge.closed.at(-1)?.reason === 'drained', 'the edge saw an orderly end');
  await server.close();
  origin.close();
});

test('a drain ends streams at its deadline', async () => {
  const origin = await startOrigin(() => {});
  const world = await startWorld(edge, `  - service: tcp://127.0.0.1:${origin.port}\n`);
  await until(() => edge.connections.length === 1, 'rules');
  const probe = edge.open(0);
  await until(() => probe.isOpened, 'opened');
  await world.connector.drain(100);
  await until(() => probe.reset !== undefined, 'reset');
  assert.equal(world.connector.state().state, 'stopped');
  await until(() => edge.closed.at(-1)?.reason === 'drain-deadline', 'the edge knows why');
  origin.close();
});

test('a file is reloaded under traffic: streams go on, broken files change nothing, mending heals', async () => {
  const origin = await startOrigin(echo);
  const file = join(folder, 'config.yml');
  const text = (hostname: string, service: string): string =>
    `ingress:\n  - hostname: ${hostname}\n    service: ${service}\n  - service: http_status:404\n`;
  const service = `http://127.0.0.1:${origin.port}`;
  writeFileSync(file, text('a.example.com', service));
  const world = await startWorld(edge, text('a.example.com', service).split('\n').slice(1).join('\n'));
  const reloader = reloadOnChange({
    file,
    connector: world.connector,
    clock: systemClock,
    log: listLog(world.logged),
    readRules: (path) => requireValid(readConnectorConfig(path)).rules,
  });
  await until(() => edge.connections.length === 1, 'rules');
  const probe = edge.open(0);
  probe.send('one ');
  await until(() => probe.text === 'one ', 'echo');

  writeFileSync(
    `${file}.tmp`,
    text('b.example.com', 'hello_world').replace(
      'ingress:\n',
      `ingress:\n  - hostname: a.example.com\n    service: ${service}\n`,
    ),
  );
  renameSync(`${file}.tmp`, file);
  await until(() => edge.connections[0]!.rules!.version === 2, 'the new rules are published');
  probe.send('two ');
  await until(() => probe.text === 'one two ', 'the open stream goes on');
  assert.ok(
    world.logged.some((line) =>
      /Updated to new configuration .*"version":2.*"added":\["b.example.com"\]/.test(line),
    ),
  );
  const late = edge.open(0, { rulesVersion: 1 });
  late.send('late');
  await until(
    () => late.text === 'late',
    'a match made with the old version still counts where the rule lives on',
  );

  writeFileSync(file, 'ingress:\n  - hostname: a.example.com\n');
  await until(() => world.connector.state().configError !== '', 'the error is shown');
  assert.match(world.connector.state().configError, /last ingress rule must match all URLs/);
  assert.equal(world.connector.state().rulesVersion, 2);
  assert.match(world.metrics.text(), /sallyport_connector_config_broken 1/);

  unlinkSync(file);
  await new Promise((resolve) => setTimeout(resolve, 150));
  writeFileSync(file, text('c.example.com', 'hello_world'));
  await until(() => world.connector.state().configError === '', 'healed', 8_000);
  assert.equal(world.connector.state().rulesVersion, 3);
  const stale = edge.open(0, { rulesVersion: 2 });
  await until(() => stale.reset !== undefined, 'reset');
  assert.equal(stale.reset!.reason, 'stale-rules');
  const goodAgain = 'INF The configuration is good again';
  assert.equal(world.logged.filter((line) => line.startsWith(goodAgain)).length, 1, 'and the log says so');
  reloader.close();
  await world.connector.close();
  origin.close();
});

test('S0-32 a ConfigMap swap by symlink is noticed', async () => {
  const mount = join(folder, 'mount');
  const write = (version: string, status: number): void => {
    mkdirSync(join(mount, version), { recursive: true });
    writeFileSync(join(mount, version, 'config.yaml'), `ingress:\n  - service: http_status:${status}\n`);
  };
  write('..v1', 404);
  symlinkSync('..v1', join(mount, '..data'));
  symlinkSync('..data/config.yaml', join(mount, 'config.yaml'));
  const world = await startWorld(edge, '  - service: http_status:404\n');
  const reloader = reloadOnChange({
    file: join(mount, 'config.yaml'),
    connector: world.connector,
    clock: systemClock,
    log: listLog(world.logged),
    readRules: (path) => requireValid(readConnectorConfig(path)).rules,
  });
  write('..v2', 410);
  symlinkSync('..v2', join(mount, '..data_tmp'));
  renameSync(join(mount, '..data_tmp'), join(mount, '..data'));
  await until(() => world.connector.state().rulesVersion === 2, 'reloaded');
  assert.equal(world.connector.rules[0]!.service.text, 'http_status:410');
  reloader.close();
  await world.connector.close();
});

test('a CA file that a rule trusts is read again when its bytes change, and a broken one changes nothing', async () => {
  const pool = join(folder, 'origin-ca.pem');
  const file = join(folder, 'trusting.yml');
  const rules = `  - hostname: a.example.com\n    service: https://127.0.0.1:1\n    originRequest:\n      caPool: ${pool}\n  - service: http_status:404\n`;
  writeFileSync(pool, createCertificate({ name: 'old', isCa: true }).cert);
  writeFileSync(file, `ingress:\n${rules}`);
  const world = await startWorld(edge, rules);
  assert.match(world.metrics.text(), /user_hostnames_counts\{userHostname="a\.example\.com"\} 1/);
  const reloader = reloadOnChange({
    file,
    connector: world.connector,
    clock: systemClock,
    log: listLog(world.logged),
    readRules: (path) => requireValid(readConnectorConfig(path)).rules,
  });
  writeFileSync(pool, createCertificate({ name: 'new', isCa: true }).cert);
  await until(() => world.connector.state().rulesVersion === 2, 'the new CA is trusted');
  writeFileSync(pool, 'not a certificate');
  await until(() => world.metrics.text().includes('sallyport_connector_config_broken 1'), 'told as broken');
  assert.equal(world.connector.state().rulesVersion, 2);
  writeFileSync(pool, createCertificate({ name: 'newer', isCa: true }).cert);
  await until(() => world.connector.state().rulesVersion === 3, 'healed');
  reloader.close();
  await world.connector.close();
});

test('two replicas with one credential serve side by side, and one may go', async () => {
  const credentials = credentialsFor(edge);
  const one = await startWorld(edge, '  - service: http_status:201\n', { connections: 2, credentials });
  const two = await startWorld(edge, '  - service: http_status:201\n', { connections: 2, credentials });
  await until(() => edge.connections.length === 4, 'four connections');
  assert.equal(new Set(edge.connections.map(({ instanceId }) => instanceId)).size, 2);
  const ask = async (): Promise<void> => {
    const probes: StreamProbe[] = edge.connections.map((connection) => edge.open(0, {}, connection));
    for (const probe of probes) probe.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => probes.every((probe) => probe.text.startsWith('HTTP/1.1 201')), 'answers');
    for (const probe of probes) probe.stream.reset('cancelled');
  };
  await ask();
  await one.connector.drain(5_000);
  await until(() => edge.connections.length === 2, 'one replica is gone');
  await ask();
  await two.connector.close();
});

test('an edge that drains is replaced before its connection ends', async () => {
  const world = await startWorld(edge, '  - service: hello_world\n');
  await until(() => edge.connections.length === 1, 'connected');
  const old = edge.connections[0]!;
  const ended = old.drain();
  await until(() => edge.connections.some((connection) => connection !== old), 'a successor');
  await ended;
  await until(() => world.connector.state().readyConnections === 1, 'ready');
  assert.ok(!world.logged.some((line) => line.includes('Lost connection')));
  await world.connector.close();
});

test('a relay that goes silent is noticed by pings and left behind', { timeout: 60_000 }, async () => {
  const held: Socket[] = [];
  let isSilent = false;
  const relay = createServer((client) => {
    const upstream = connect(edge.port, '127.0.0.1');
    held.push(client, upstream);
    const pass = (from: Socket, to: Socket): void => {
      from.on('data', (chunk) => void (isSilent || to.write(chunk)));
      from.on('error', () => {});
      from.on('close', () => void (isSilent || to.destroy()));
    };
    pass(client, upstream);
    pass(upstream, client);
  });
  await new Promise<void>((resolve) => relay.listen(0, '127.0.0.1', resolve));
  const { port } = relay.address() as { port: number };
  const credentials = credentialsFor(edge);
  const world = await startWorld({ ...edge, port }, '  - service: hello_world\n', { credentials });
  await until(() => world.connector.state().readyConnections === 1, 'connected');
  isSilent = true;
  await until(() => world.connector.state().readyConnections === 0, 'noticed', 25_000);
  assert.ok(world.logged.some((line) => line.includes('"reason":"ping-timeout"')));
  isSilent = false;
  for (const socket of held) socket.destroy();
  await until(() => world.connector.state().readyConnections === 1, 'connected again', 20_000);
  await world.connector.close();
  relay.close();
});
