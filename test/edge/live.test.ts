// What an owner sees of a running edge, through real connectors and real requests.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { systemRandom } from '#base/random.ts';
import { connectorSchema, disconnectSchema, type LiveEvent, liveEventSchema } from '#model/live/live.ts';
import { createCredentials, publicKeyOf } from '#tunnel/credentials.ts';
import { eventually } from '../support/eventually.ts';
import { type EdgeWorld, routeOf, startEdgeWorld, tunnelOf } from './world.ts';

let world: EdgeWorld;
const events: LiveEvent[] = [];

before(async () => {
  world = await startEdgeWorld({
    ingress: '  - hostname: a.test\n    service: http_status:204\n',
    hosts: ['a.test'],
    claims: ['*.claimed.test'],
    connections: 2,
  });
  world.edge.onEvent((event) => void events.push(liveEventSchema.parse(event)));
});
after(() => world.close());

const told = (what: string, instanceId: string): boolean =>
  events.some(
    (event) => event.kind === 'connector' && event.what === what && event.instanceId === instanceId,
  );

test('a connector shows who it is, its connections and its rules', async () => {
  const [connector] = world.edge.live().connectorsOf(world.credentials.tunnelId);
  assert.ok(connector);
  const shown = connectorSchema.strict().parse(connector);
  assert.equal(shown.instanceId, world.connectors[0]!.connectorId);
  assert.equal(shown.hostname, 'testbench');
  assert.equal(shown.os, 'TestOS 1');
  assert.equal(shown.publicKey, Buffer.from(publicKeyOf(world.credentials)).toString('base64'));
  assert.deepEqual(
    shown.connections.map(({ index }) => index),
    [0, 1],
  );
  assert.deepEqual(shown.rules[0], { hostname: 'a.test', path: '', service: 'http_status:204' });
  assert.ok(shown.startedAtMs! <= shown.connectedAtMs);
  await eventually(
    'a ping was answered',
    () => world.edge.live().connectorsOf(world.credentials.tunnelId)[0]!.connections[0]!.rttMs > 0,
  );
});

test('requests are counted by route and tunnel and stand in the last seconds; listeners hear of them', async () => {
  const live = world.edge.live();
  const before = live.routeCount({ hostname: 'a.test', path: '/' }).requests;
  const { tunnelId } = world.credentials;
  for (let i = 0; i < 5; i++) await world.ask('GET / HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n');
  await world.ask('GET / HTTP/1.1\r\nHost: nowhere.test\r\nConnection: close\r\n\r\n');
  await eventually('they are counted', () => live.tunnelCount(tunnelId).requests >= before + 5);
  assert.equal(live.routeCount({ hostname: 'a.test', path: '/' }).requests, before + 5);
  await eventually('they stand in whole seconds', () => {
    const sum = live.traffic('5m').points.reduce((total, { requests }) => total + requests, 0);
    return sum >= 6;
  });
  await eventually('a listener heard', () =>
    events.some((event) => event.kind === 'traffic' && (event.tunnels[tunnelId]?.requests ?? 0) > 0),
  );
});

test('a claimed hostname is a route that came by itself', async () => {
  const connector = await world.connect('  - hostname: new.claimed.test\n    service: http_status:200\n');
  await eventually('the claim is in force', () =>
    world.edge
      .live()
      .routes()
      .some(({ hostname, isClaimed }) => hostname === 'new.claimed.test' && isClaimed),
  );
  assert.ok(
    world.edge
      .live()
      .routes()
      .some(({ hostname, isClaimed }) => hostname === 'a.test' && !isClaimed),
  );
  const id = connector.connectorId;
  assert.ok(told('connected', id) && told('rules', id));
  await connector.drain(1_000);
  await eventually('its end is told', () => told('draining', id) && told('disconnected', id));
  const [last] = world.edge.live().disconnects(world.credentials.tunnelId);
  assert.equal(disconnectSchema.parse(last).reason, 'drained');
  assert.equal(last!.instanceId, id);
});

test('a connector that was refused stands among the disconnects of the tunnel it named', async () => {
  const stranger = {
    ...createCredentials(systemRandom, '', world.credentials.caPin),
    tunnelId: world.credentials.tunnelId,
  };
  const connector = await world.startConnector('', stranger);
  const refusal = await eventually('the refusal is noted', () =>
    world.edge
      .live()
      .disconnects(world.credentials.tunnelId)
      .find(({ reason }) => reason === 'unauthorized'),
  );
  assert.equal(refusal.instanceId, connector.connectorId);
  assert.equal(refusal.hostname, 'testbench');
  assert.equal(refusal.connectedForMs, 0);
  await connector.close();
});

test('how far a rotation has come shows in the keys that connectors proved', async () => {
  const renewed = {
    ...createCredentials(systemRandom, world.credentials.edgeAddress, world.credentials.caPin),
    tunnelId: world.credentials.tunnelId,
  };
  const [entry] = world.snapshot.tunnels;
  world.apply({
    tunnels: [{ ...entry!, publicKeys: [...entry!.publicKeys, publicKeyOf(renewed)] }],
    routes: [routeOf('a.test', world.credentials)],
  });
  await world.connect(undefined, renewed);
  const keys = (): Set<string> =>
    new Set(
      world.edge
        .live()
        .connectorsOf(world.credentials.tunnelId)
        .map(({ publicKey }) => publicKey),
    );
  assert.equal(keys().size, 2);
  world.apply({ tunnels: [tunnelOf(renewed)] });
  await eventually('connections with the old key are gone', () => keys().size === 1);
  assert.ok(
    world.edge
      .live()
      .disconnects(renewed.tunnelId)
      .some(({ reason }) => reason === 'revoked'),
  );
});
