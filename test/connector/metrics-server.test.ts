// The connector's local server: its answers, and the addresses it takes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { createConnectorMetrics } from '#connector/connector-metrics.ts';
import type { ConnectorStatus } from '#connector/connector-state.ts';
import { type MetricsServer, startMetricsServer } from '#connector/metrics-server.ts';

const status: ConnectorStatus = {
  state: 'connected',
  detail: '',
  readyConnections: 4,
  connectorId: 'c1',
  tunnelId: 't1',
  pushedVersion: 0,
  rulesVersion: 3,
  configError: '',
  clockSkewMs: undefined,
  openStreams: 0,
};

async function start(listen: string, now: ConnectorStatus = status): Promise<MetricsServer> {
  const metrics = new MetricsRegistry();
  createConnectorMetrics(metrics, '1.2.3');
  return startMetricsServer({ listen, metrics, state: () => now, rules: () => [] });
}

async function ask(server: MetricsServer, path: string, method = 'GET'): Promise<[number, string]> {
  const response = await fetch(`http://${server.address}${path}`, { method });
  return [response.status, await response.text()];
}

test('it answers as cloudflared does, and has no debug endpoints', async () => {
  const server = await start('127.0.0.1:0');
  assert.deepEqual(await ask(server, '/healthcheck'), [200, 'OK\n']);
  assert.deepEqual(await ask(server, '/ready'), [
    200,
    '{"status":200,"readyConnections":4,"connectorId":"c1","state":"connected","openStreams":0,"rulesVersion":3}\n',
  ]);
  assert.deepEqual(await ask(server, '/config'), [200, '{"version":3,"config":{"ingress":[]}}\n']);
  const [, text] = await ask(server, '/metrics');
  for (const name of [
    'cloudflared_tunnel_ha_connections',
    'cloudflared_tunnel_total_requests',
    'build_info',
  ]) {
    assert.ok(text.includes(`\n${name}`) || text.startsWith(name), name);
  }
  assert.equal((await ask(server, '/debug/pprof/cmdline'))[0], 404);
  assert.equal((await ask(server, '/ready', 'POST'))[0], 405);
  await server.close();
});

test('/ready is 503 without a connection, with the state and what to do about it', async () => {
  const server = await start('127.0.0.1:0', {
    ...status,
    state: 'unauthorized',
    detail: 'renew it',
    readyConnections: 0,
    configError: 'line 3',
  });
  const [code, body] = await ask(server, '/ready');
  assert.equal(code, 503);
  const { status: inner, state, detail, configError } = JSON.parse(body) as Record<string, unknown>;
  assert.deepEqual([inner, state, detail, configError], [503, 'unauthorized', 'renew it', 'line 3']);
  await server.close();
});

test('without an address it takes the next free port of the known ones', async () => {
  const one = await start('');
  const two = await start('');
  assert.notEqual(one.address, two.address);
  assert.match(one.address, /^127\.0\.0\.1:\d+$/);
  await Promise.all([one.close(), two.close()]);
});

test('an address that is taken or none is one clear sentence', async () => {
  const server = await start('127.0.0.1:0');
  await assert.rejects(
    start(server.address),
    /could not be opened \(.*EADDRINUSE.*\); choose another with --metrics/,
  );
  for (const text of ['nonsense', ':99999', '127.0.0.1:99999', ':', ':x'])
    await assert.rejects(start(text), new RegExp(`"${text}" is not of the form host:port`));
  await server.close();
});

test('localhost answers on both families', async () => {
  const server = await start('localhost:0');
  const port = server.address.split(':').at(-1)!;
  assert.deepEqual(await ask(server, '/healthcheck'), [200, 'OK\n']);
  const overV6 = await fetch(`http://[::1]:${port}/healthcheck`).then(
    (response) => response.status,
    () => 'no IPv6 here',
  );
  assert.ok(overV6 === 200 || overV6 === 'no IPv6 here');
  await server.close();
});
