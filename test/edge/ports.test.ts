// Ports through a real edge and a real connector: raw TCP with half-close, resets, limits and PROXY headers, made and taken
// away while the edge runs; UDP with sessions that end; the log line of each.
import assert from 'node:assert/strict';
import { createSocket, type Socket as DatagramSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, connect, type AddressInfo, type Server, type Socket } from 'node:net';
import { after, afterEach, before, test } from 'node:test';
import type { PortEntry } from '#model/edge-snapshot.ts';
import { eventually, within } from '../support/eventually.ts';
import { freePort } from '../support/process.ts';
import { openRaw, type RawConnection } from '../support/raw-client.ts';
import { type EdgeWorld, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
let origin: Server;
/** Connections to the service at home, in the order of their coming. */
let served: { readonly socket: Socket; text: string; isEnded: boolean; isReset: boolean }[] = [];
let echo: DatagramSocket;
/** Ports that clients of the datagram service had there, and how many datagrams came. */
let echoed: number[] = [];

before(async () => {
  origin = createServer({ allowHalfOpen: true }, (socket) => {
    const each = { socket, text: '', isEnded: false, isReset: false };
    served.push(each);
    socket.on('data', (chunk) => (each.text += chunk.toString('latin1')));
    socket.on('end', () => (each.isEnded = true));
    socket.on('error', () => (each.isReset = true));
  });
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  echo = createSocket('udp4');
  echo.on('message', (datagram, from) => {
    echoed.push(from.port);
    if (datagram.toString() === 'silence') return;
    echo.send(Buffer.concat([Buffer.from('re:'), datagram]), from.port, from.address);
  });
  echo.bind(0, '127.0.0.1');
  await once(echo, 'listening');
  const { port } = origin.address() as AddressInfo;
  world = await startEdgeWorld({
    ingress: `  - hostname: db.test
    service: tcp://127.0.0.1:${port}
  - hostname: dead.test
    service: tcp://127.0.0.1:${await freePort()}
  - hostname: proxied.test
    service: tcp://127.0.0.1:${port}
    originRequest:
      proxyProtocol: v2
  - hostname: echo.test
    service: udp://127.0.0.1:${echo.address().port}
  - hostname: web.test
    service: http://127.0.0.1:${port}`,
    hosts: ['a.test'],
  });
});
afterEach(() => {
  for (const { socket } of served) socket.destroy();
  served = [];
  echoed = [];
  world.apply({ ports: [] });
});
after(async () => {
  try {
    // The last test leaves an edge that has closed its listeners.
    for (const connector of world?.connectors ?? []) await connector.close();
    await world?.close();
  } finally {
    origin?.close();
    echo?.close();
  }
});

function entryOf(port: number, change: Partial<PortEntry> = {}): PortEntry {
  const protocol = change.protocol ?? 'tcp';
  return {
    name: `${protocol}:${port}`,
    ...{ protocol, port, address: '127.0.0.1', hostname: 'db.test', tunnelId: world.credentials.tunnelId },
    ...{ proxyProtocol: 'off', from: [], idleMs: 0, maxConnections: 100, maxPerAddress: 100 },
    ...change,
  };
}

/** Puts a port in force and waits until it is open. */
async function openPort(change: Partial<PortEntry> = {}): Promise<PortEntry> {
  const entry = entryOf(await freePort(), change);
  world.apply({ ports: [entry] });
  await eventually(
    `port ${entry.name} is open: ${JSON.stringify(world.edge.ports())}`,
    () => world.edge.ports().find(({ name }) => name === entry.name)?.isOpen,
  );
  return entry;
}

/** Resolves when a connection that comes now has been closed again, however soon. */
async function isTurnedAway(port: number): Promise<void> {
  const socket = connect({ port, host: '127.0.0.1' });
  socket.resume().on('error', () => {});
  await within('the connection is closed', 30_000, new Promise((resolve) => socket.once('close', resolve)));
}

/** The service's end of the connection that comes next. */
async function nextServed(count = 1): Promise<(typeof served)[number]> {
  return await eventually('the service is reached', () => served[count - 1]);
}

test('a port opens and closes while the edge runs; both directions end by themselves; the log has one line', async () => {
  const { port, name } = await openPort();
  const client = await openRaw({ port });
  client.send('question');
  const service = await nextServed();
  await eventually('the question comes', () => service.text === 'question');
  client.socket.end();
  await eventually('the end comes', () => service.isEnded);
  // The client has said all that it had to say, and is still answered.
  service.socket.end('a late answer');
  await client.waitFor('a late answer');
  assert.equal(await client.waitForClose(), 'closed');
  const line = await world.loggedLine('of the connection', ({ path }) => path === name);
  assert.deepEqual(
    [line.method, line.protocol, line.host, line.status, line.bytesIn, line.bytesOut, line.client],
    ['TCP', 'TCP', 'db.test', 200, 8, 13, '127.0.0.1'],
  );
  assert.equal(line.tunnel, world.credentials.tunnelId);
  assert.equal(line.error, undefined);
  assert.equal(world.metric('sallyport_edge_port_connections_total', `port="${name}",outcome="accepted"`), 1);
  world.apply({ ports: [] });
  await eventually('the port is closed', async () => (await reach(port)) === 'refused');
  assert.deepEqual(world.edge.ports(), []);
});

async function reach(port: number): Promise<'open' | 'refused'> {
  const socket = connect({ port, host: '127.0.0.1' });
  const outcome = await new Promise<'open' | 'refused'>((resolve) => {
    socket.once('connect', () => resolve('open')).once('error', () => resolve('refused'));
  });
  socket.destroy();
  return outcome;
}

test('a service that speaks first is heard, and megabytes pass both ways unharmed', async () => {
  const { port } = await openPort();
  const client = await openRaw({ port });
  const service = await nextServed();
  service.socket.write('220 ready\r\n');
  await client.waitFor('220 ready\r\n');
  const megabytes = Buffer.alloc(6 * 1024 * 1024, 'The quick brown fox. ');
  service.socket.on('data', () => {});
  client.send(megabytes);
  service.socket.end(megabytes);
  await eventually('all of it comes back', () => client.received.length === 11 + megabytes.length, 60_000);
  assert.ok(client.received.subarray(11).equals(megabytes));
  client.socket.end();
  await eventually(
    'all of it arrives',
    () => service.text.length === megabytes.length && service.isEnded,
    60_000,
  );
  assert.ok(Buffer.from(service.text, 'latin1').equals(megabytes));
});

test('a reset on one side is a reset on the other: what was cut short never looks whole', async () => {
  const { port, name } = await openPort();
  const client = await openRaw({ port });
  const service = await nextServed();
  service.socket.write('half of');
  await client.waitFor('half of');
  service.socket.resetAndDestroy();
  await eventually('the client is reset', () => client.socket.destroyed);
  assert.equal(client.end, 'reset');
  const line = await world.loggedLine('of the cut', ({ path }) => path === name);
  assert.equal(line.error, 'origin-closed');

  const other = await openRaw({ port });
  const [, second] = [await nextServed(2), served[1]!];
  other.socket.resetAndDestroy();
  await eventually('the service learns of it', () => second.socket.destroyed);
});

test('a service that refuses, a rule of another kind, and a tunnel without connector: closed, and the log says why', async () => {
  for (const [change, error] of [
    [{ hostname: 'dead.test' }, 'origin-refused'],
    [{ hostname: 'web.test' }, 'no-ingress'],
    [{ hostname: 'echo.test' }, 'no-ingress'],
    [{ tunnelId: '00000000-0000-4000-8000-000000000009' }, 'no-connector'],
  ] as const) {
    const { port, name } = await openPort(change);
    await isTurnedAway(port);
    const line = await world.loggedLine(`with ${error}`, ({ path }) => path === name);
    assert.equal(line.error, error);
    assert.ok(Number(line.status) >= 500 || line.status === 404, String(line.status));
    assert.equal(world.metric('sallyport_edge_port_connections_total', `port="${name}",outcome="failed"`), 1);
  }
});

test('PROXY v1 and v2 go before the first byte, once: a rule that sends its own is not doubled', async () => {
  for (const [change, pattern] of [
    [{ proxyProtocol: 'v1' }, /^PROXY TCP4 127\.0\.0\.1 127\.0\.0\.1 \d+ \d+\r\nhello$/],
    [{ proxyProtocol: 'v2' }, /^\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c[\s\S]{12}hello$/],
    [
      { proxyProtocol: 'v1', hostname: 'proxied.test' },
      /^\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c[\s\S]{12}hello$/,
    ],
  ] as const) {
    served = [];
    const { port } = await openPort(change);
    const client = await openRaw({ port });
    client.send('hello');
    const service = await nextServed();
    await eventually(`the header and the bytes: ${JSON.stringify(service.text)}`, () =>
      pattern.test(service.text),
    );
    if (change.proxyProtocol === 'v1' && !('hostname' in change))
      assert.ok(service.text.includes(` ${client.socket.localPort} ${port}\r\n`));
    client.close();
  }
});

test('limits: connections in all, from one address, and who may come at all', async () => {
  const { port, name } = await openPort({ maxConnections: 2 });
  const clients: RawConnection[] = [await openRaw({ port }), await openRaw({ port })];
  await nextServed(2);
  await isTurnedAway(port);
  await eventually(
    'it is counted',
    () => world.metric('sallyport_edge_port_connections_total', `port="${name}",outcome="too-many"`) === 1,
  );
  // A mere end would leave the other direction open.
  clients[0]!.socket.resetAndDestroy();
  await eventually('there is room again', () => world.edge.ports()[0]!.active === 1);
  const fourth = await openRaw({ port });
  await nextServed(3);
  for (const each of [...clients, fourth]) each.close();

  const closed = await openPort({ from: ['192.0.2.0/24', '2001:db8::/32'] });
  await isTurnedAway(closed.port);
  const line = await world.loggedLine('of the stranger', ({ path }) => path === closed.name);
  assert.deepEqual([line.status, line.error], [403, 'access-denied']);
  assert.equal(served.length, 3, 'the service never heard of him');
});

test('a connection that is silent for too long is ended, one that speaks is not', async () => {
  const { port, name } = await openPort({ idleMs: 1_500 });
  const silent = await openRaw({ port });
  const talking = await openRaw({ port });
  const service = await nextServed(2);
  const timer = setInterval(() => talking.send('.'), 100);
  try {
    await silent.waitForClose();
    assert.equal(talking.end, 'open');
  } finally {
    clearInterval(timer);
    talking.close();
  }
  assert.ok(service.text.length + served[0]!.text.length > 0);
  const line = await world.loggedLine(
    'of the silence',
    ({ path, detail }) => path === name && /idle-timeout/.test(String(detail)),
  );
  assert.equal(line.error, 'origin-closed');
});

test('a port that is gone cuts its connections, a changed one keeps them and meets new clients by its new rules', async () => {
  const entry = await openPort();
  const client = await openRaw({ port: entry.port });
  await nextServed();
  world.apply({ ports: [{ ...entry, maxConnections: 1 }] });
  await isTurnedAway(entry.port);
  assert.equal(client.end, 'open');
  world.apply({ ports: [] });
  await client.waitForClose();
});

test('a port that another program has is told, and opens by itself once it is free', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo;
  const entry = entryOf(port);
  world.apply({ ports: [entry] });
  await eventually('it is told', () =>
    world.edge
      .ports()[0]!
      .trouble.startsWith(`Port ${port} is taken, by another program or by this edge itself;`),
  );
  squatter.close();
  await eventually('it is open', () => world.edge.ports()[0]!.isOpen);
  const client = await openRaw({ port });
  await nextServed();
  client.close();
});

/** A client of a UDP port. */
class Peer {
  readonly socket = createSocket('udp4');
  readonly heard: string[] = [];
  readonly port: number;

  constructor(port: number) {
    this.port = port;
    this.socket.on('message', (datagram) => this.heard.push(datagram.toString()));
  }

  send(text: string): void {
    this.socket.send(text, this.port, '127.0.0.1');
  }

  /** Sends until it is answered: a datagram may be lost anywhere. */
  async ask(text: string): Promise<void> {
    await eventually(`an answer to ${text}`, async () => {
      this.send(text);
      await new Promise((resolve) => setTimeout(resolve, 100));
      return this.heard.includes(`re:${text}`);
    });
  }

  close(): void {
    this.socket.close();
  }
}

test('a UDP port carries datagrams whole and keeps clients apart; a silent session ends and a new one begins', async (context) => {
  const { port, name } = await openPort({ protocol: 'udp', hostname: 'echo.test', idleMs: 1_500 });
  const [ada, bob] = [new Peer(port), new Peer(port)];
  context.after(() => [ada, bob].forEach((peer) => peer.close()));
  await ada.ask('one');
  await bob.ask('two');
  await ada.ask('x'.repeat(9_000));
  await ada.ask('');
  assert.deepEqual(
    ada.heard.filter((text) => text === 're:two'),
    [],
  );
  assert.equal(new Set(echoed).size, 2, 'one socket at home for each client');
  assert.equal(world.edge.ports()[0]!.active, 2);
  await eventually('the sessions end', () => world.edge.ports()[0]!.active === 0);
  const line = await world.loggedLine(
    'of a session',
    ({ path, bytesIn }) => path === name && Number(bytesIn) > 9_000,
  );
  assert.deepEqual([line.method, line.status, line.host], ['UDP', 200, 'echo.test']);
  await ada.ask('again');
  assert.equal(new Set(echoed).size, 3);
});

test('UDP sessions are bounded, in all and from one address, and a service that refuses is told in the log', async (context) => {
  const { port } = await openPort({
    protocol: 'udp',
    hostname: 'echo.test',
    maxPerAddress: 2,
    idleMs: 60_000,
  });
  const peers = [new Peer(port), new Peer(port), new Peer(port)];
  context.after(() => peers.forEach((peer) => peer.close()));
  await peers[0]!.ask('one');
  await peers[1]!.ask('two');
  peers[2]!.send('three');
  await eventually('it is dropped', () => world.metric('sallyport_edge_port_datagrams_dropped_total') >= 1);
  assert.equal(world.edge.ports()[0]!.active, 2);
  assert.deepEqual(peers[2]!.heard, []);

  const dead = await openPort({ protocol: 'udp', hostname: 'db.test', idleMs: 60_000 });
  const lost = new Peer(dead.port);
  context.after(() => lost.close());
  lost.send('anybody?');
  const line = await world.loggedLine('of the refusal', ({ path }) => path === dead.name);
  assert.equal(line.error, 'no-ingress');
  await eventually('the failed session is forgotten', () => world.edge.ports()[0]!.active === 0);
});

test('a burst of datagrams faster than the tunnel is thinned out, never queued without end', async (context) => {
  const { port } = await openPort({ protocol: 'udp', hostname: 'echo.test', idleMs: 60_000 });
  const peer = new Peer(port);
  context.after(() => peer.close());
  await peer.ask('ready');
  const many = 2_000;
  for (let i = 0; i < many; i++) {
    peer.socket.send(Buffer.alloc(1_200, i), port, '127.0.0.1');
    if (i % 50 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  await peer.ask('still there');
  assert.ok(echoed.length <= many + 100);
});

test('draining takes no new connection and lets those under way finish', async () => {
  const { port } = await openPort();
  const client = await openRaw({ port });
  const service = await nextServed();
  const drained = world.edge.drain(60_000);
  await eventually('the port is closed', async () => (await reach(port)) === 'refused');
  client.send('on my way');
  await eventually('it arrives', () => service.text === 'on my way');
  service.socket.end('bye');
  await client.waitFor('bye');
  client.socket.end();
  await within('the drain ends with the last connection', 30_000, drained);
});
