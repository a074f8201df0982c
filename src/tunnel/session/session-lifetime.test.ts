// How connections begin and end, under virtual time: handshake, liveness, drain, close.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { memoryLink } from '#testkit/memory-network.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { plainOpenRequest, tunnelPair } from '#testkit/tunnel-pair.ts';
import { feed, tunnelWorld as world } from '#testkit/tunnel-world.ts';
import { createCredentials, publicKeyOf } from '../credentials.ts';
import { pingIntervalMs, quietAfterPingMs } from './keepalive.ts';

test('both ends know each other after the handshake', () => {
  const { clock, pair } = world({ link: { delayMs: 20 } });
  const edge = pair.edge.connection!;
  const connector = pair.connector.connection!;
  assert.equal(edge.tunnelId, pair.credentials.tunnelId);
  assert.equal(connector.edgeConnectionId, edge.id);
  assert.equal(connector.edgeName, 'edge.example.com');
  assert.equal(edge.connectorInfo.arch, 'linux_x64');
  assert.equal(connector.clockSkewMs, -20);
  clock.advance(1_000);
  assert.equal(edge.rttMs, 40);
  assert.equal(connector.rttMs, 40);
});

test('both ends report the same reason when one closes, and streams learn that it was the connection', () => {
  const { clock, pair, open } = world({ link: { delayMs: 10 } });
  const watched = open();
  let wasClosedFirst = false;
  watched.stream.handler = {
    ...watched.stream.handler,
    onReset: () => void (wasClosedFirst = pair.edge.closed !== undefined),
  };
  pair.edge.connection!.close('revoked', 'the key was removed');
  assert.ok(wasClosedFirst, 'the owner of the connection hears of it before its streams');
  clock.advance(100);
  assert.deepEqual(pair.edge.closed, { reason: 'revoked', detail: 'the key was removed' });
  assert.deepEqual(pair.connector.closed, pair.edge.closed);
  assert.throws(() => pair.edge.connection!.open(plainOpenRequest), /going away/);
});

test('a transport that breaks ends both sessions as transport-error', () => {
  const { clock, link, pair, open } = world();
  const watched = open();
  clock.advance(5);
  link.break();
  clock.advance(5);
  assert.equal(pair.edge.closed!.reason, 'transport-error');
  assert.equal(pair.connector.closed!.reason, 'transport-error');
  assert.equal(watched.reset!.reason, 'connection-lost');
});

test('a path that swallows everything is quiet two seconds after a ping, long before it is dead', () => {
  const { clock, link, pair } = world({ link: { delayMs: 20 } });
  const { connection } = pair.edge;
  clock.advance(60_000);
  assert.equal(connection!.isQuiet, false);
  link.stall();
  clock.advance(pingIntervalMs + quietAfterPingMs);
  assert.equal(connection!.isQuiet, true);
  assert.equal(pair.edge.closed, undefined);
});

test('a path that swallows everything is noticed at both ends within 20 s, idle as it was', () => {
  const { clock, link, pair } = world();
  clock.advance(60_000);
  assert.equal(pair.edge.closed, undefined);
  link.stall();
  clock.advance(20_000);
  assert.equal(pair.edge.closed!.reason, 'ping-timeout');
  assert.equal(pair.connector.closed!.reason, 'ping-timeout');
});

test('a path that swallows one direction is noticed at both ends', () => {
  const { clock, link, pair } = world();
  link.stall('to-connector');
  clock.advance(65_000);
  assert.equal(pair.connector.closed!.reason, 'ping-timeout');
  assert.equal(pair.edge.closed?.reason, 'ping-timeout');
});

test('a peer that has been silent is cut by a reset soon after, which gets to him where an orderly end does not', () => {
  const { clock, link, pair } = world();
  const ends: string[] = [];
  const { connector } = link;
  const destroy = connector.destroy.bind(connector);
  connector.destroy = (how) => {
    ends.push(`destroy ${how}`);
    destroy(how);
  };
  connector.close = () => void ends.push('close');
  link.stall('to-connector');
  assert.ok(clock.advanceUntil(() => pair.connector.closed !== undefined, 15_000));
  clock.advance(499);
  assert.deepEqual(ends, []);
  clock.advance(2);
  assert.deepEqual(ends, ['destroy reset']);
  assert.notEqual(pair.edge.closed, undefined);
});

test('a slow path full of data is not taken for a dead one', () => {
  const { clock, pair, open } = world({ link: { delayMs: 20, bytesPerMs: 16, capacityBytes: 4_000_000 } });
  const watched = open();
  feed(watched, 400_000);
  assert.ok(clock.advanceUntil(() => watched.ended === 1, 300_000));
  assert.equal(pair.edge.closed ?? pair.connector.closed, undefined);
});

test('a connector without the key, with a revoked key, or of an unknown tunnel is told apart', () => {
  const random = seededRandom(3);
  const other = createCredentials(random, '', '');
  const credentials = createCredentials(random, '', '');
  const key = publicKeyOf(credentials);
  const cases = [
    ['unknown-tunnel', undefined],
    ['unauthorized', { publicKeys: [] }],
    ['unauthorized', { publicKeys: [publicKeyOf(other)] }],
    ['revoked', { publicKeys: [publicKeyOf(other)], revokedKeys: [key] }],
  ] as const;
  for (const [reason, keys] of cases) {
    const { clock, pair } = world({ isRefused: true, pair: { credentials, lookupTunnel: () => keys } });
    clock.advance(100);
    assert.equal(pair.connector.closed!.reason, reason);
    assert.equal(pair.edge.closed!.reason, reason);
    assert.equal(pair.edge.connection, undefined);
  }
});

test('two keys may be valid at once', () => {
  const random = seededRandom(3);
  const credentials = createCredentials(random, '', '');
  const publicKeys = [publicKeyOf(createCredentials(random, '', '')), publicKeyOf(credentials)];
  assert.ok(world({ pair: { credentials, lookupTunnel: () => ({ publicKeys }) } }).pair.isReady);
});

test('a signature made for one transport session is worth nothing on another', () => {
  const clock = new FakeClock();
  const random = seededRandom(1);
  // A relay: each end has a transport session of its own, so the exporters differ.
  const near = memoryLink(clock, random);
  const far = memoryLink(clock, random);
  far.connector.start({
    onData: (chunk) => void near.edge.write(chunk, () => {}),
    onDrain() {},
    onClose() {},
  });
  near.edge.start({
    onData: (chunk) => void far.connector.write(chunk, () => {}),
    onDrain() {},
    onClose() {},
  });
  const pair = tunnelPair({
    clock,
    random,
    edgeTransport: far.edge,
    connectorTransport: near.connector,
    defer: (run) => void clock.after(0, run),
  });
  clock.advance(1_000);
  assert.equal(pair.edge.closed!.reason, 'unauthorized');
  assert.equal(pair.isReady, false);
});

test('a peer that says nothing is given 10 s for the handshake', () => {
  const { clock, pair, link } = world({ isRefused: true, beforeStart: (memory) => memory.stall() });
  clock.advance(9_999);
  assert.equal(pair.edge.closed, undefined);
  clock.advance(2);
  assert.equal(pair.edge.closed!.reason, 'handshake-timeout');
  assert.equal(pair.connector.closed!.reason, 'handshake-timeout');
  assert.ok(link);
});

test('a connector drains: the edge lets go first, streams finish, then both report drained', async () => {
  const order: string[] = [];
  const { clock, pair, open } = world({
    link: { delayMs: 10 },
    pair: {
      edgeHandler: {
        onDraining(connection) {
          order.push('edge let go');
          assert.equal(connection.isDraining, true);
          assert.throws(() => connection.open(plainOpenRequest), /going away/);
        },
      },
    },
  });
  const watched = open();
  clock.advance(50);
  const drained = pair.connector.connection!.drain();
  // An OPEN that crosses the DRAIN is still served.
  const crossing = open();
  crossing.stream.write(Buffer.from('crossing'), false);
  crossing.stream.end();
  clock.advance(500);
  await drained;
  order.push('acknowledged');
  assert.deepEqual(order, ['edge let go', 'acknowledged']);
  assert.equal(crossing.received().toString(), 'crossing');
  assert.equal(pair.edge.closed, undefined, 'a stream is still open');
  watched.stream.write(Buffer.from('last words'), false);
  watched.stream.end();
  clock.advance(500);
  assert.equal(watched.received().toString(), 'last words');
  assert.equal(pair.edge.closed!.reason, 'drained');
  assert.equal(pair.connector.closed!.reason, 'drained');
});

test('an edge drains, and closes at the deadline what does not end by itself', async () => {
  let told = 0;
  const { clock, pair, open } = world({ pair: { connectorHandler: { onDraining: () => void (told += 1) } } });
  const watched = open();
  clock.advance(50);
  const drained = pair.edge.connection!.drain(3_000);
  clock.advance(100);
  await drained;
  assert.equal(told, 1);
  clock.advance(2_800);
  assert.equal(watched.stream.isOpen, true);
  clock.advance(200);
  assert.equal(pair.edge.closed!.reason, 'drain-deadline');
  assert.equal(pair.connector.closed!.reason, 'drain-deadline');
  assert.equal(watched.reset!.reason, 'connection-lost');
});

test('an edge asks for a successor: the connector hears of it, streams go on being opened, and it ends by a drain', async () => {
  const { clock, pair, open } = world({ link: { delayMs: 10 } });
  const early = open();
  pair.edge.connection!.askToMove();
  pair.edge.connection!.askToMove();
  clock.advance(100);
  assert.ok(pair.connector.connection!.isDraining, 'the connector makes a successor');
  assert.equal(pair.edge.connection!.isDraining, false);
  const late = open();
  clock.advance(100);
  assert.equal(early.reset ?? late.reset, undefined);
  const drained = pair.edge.connection!.drain(1_000);
  await drained;
  assert.throws(() => pair.edge.connection!.open(plainOpenRequest), /going away/);
  clock.advance(1_100);
  assert.equal(pair.connector.closed!.reason, 'drain-deadline');
});

test('both ends may drain at once', async () => {
  const { clock, pair } = world({ link: { delayMs: 10 } });
  const both = Promise.all([pair.edge.connection!.drain(), pair.connector.connection!.drain()]);
  clock.advance(500);
  await both;
  assert.equal(pair.edge.closed!.reason, 'drained');
  assert.equal(pair.connector.closed!.reason, 'drained');
});

test('a drain is over, too, when the connection ends before it was acknowledged', async () => {
  const { clock, link, pair } = world();
  const drained = pair.connector.connection!.drain();
  link.break();
  clock.advance(10);
  await drained;
  await pair.connector.connection!.drain();
});

test('a connection that runs out of stream ids has itself replaced while it still works', () => {
  const told: string[] = [];
  const { clock, pair, open } = world({
    pair: {
      lastStreamId: 199,
      edgeHandler: { onDraining: () => void told.push('edge') },
      connectorHandler: { onDraining: () => void told.push('connector') },
    },
  });
  let last = open();
  while (!pair.edge.connection!.isDraining) last = open();
  assert.equal(last.stream.id, 187);
  last.stream.write(Buffer.from('still works'), false);
  clock.advance(50);
  assert.equal(last.received().toString(), 'still works');
  assert.deepEqual(told, ['edge', 'connector']);
});

test('a transport without keying material is refused as a failed handshake', async () => {
  const clock = new FakeClock();
  const random = seededRandom(1);
  const link = memoryLink(clock, random);
  link.edge.exporter = () => {
    throw new Error('needs TLS 1.3');
  };
  const pair = tunnelPair({ clock, random, edgeTransport: link.edge, connectorTransport: link.connector });
  await Promise.resolve();
  clock.advance(10);
  assert.deepEqual(pair.edge.closed, { reason: 'handshake-failed', detail: 'needs TLS 1.3' });
  assert.equal(pair.connector.closed!.reason, 'transport-error');
});
