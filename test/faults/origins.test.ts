// Origins and clients on a bad day: slow, silent, rude or gone. Each gets its own answer, and its neighbours never
// notice.
import assert from 'node:assert/strict';
import { connect as connectTls } from 'node:tls';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { defaultTimeouts } from '#model/edge-snapshot.ts';
import { eventually, within } from '../support/eventually.ts';
import { type Answer as OriginAnswer, RecordingOrigin } from '../support/recording-origin.ts';
import { appHost, metricOf, World, type WorldEdge } from './world.ts';
import { startWebOrigin, type WebOrigin } from './web-origin.ts';

let world: World;
let edge: WorldEdge;
let web: WebOrigin;
let rogue: RecordingOrigin;

before(async () => {
  world = new World();
  web = await startWebOrigin();
  world.closeAtEnd(() => web.close());
  rogue = await RecordingOrigin.start();
  world.closeAtEnd(() => rogue.close());
  edge = await world.startEdge({
    snapshot: { timeouts: { ...defaultTimeouts, bodyIdleMs: 2_000, firstByteMs: 1_500 } },
  });
  await world.startConnector(edge, {
    connections: 1,
    ingress:
      `  - hostname: ${appHost}\n    path: ^/rogue\n    service: ${rogue.url}\n` +
      `  - hostname: ${appHost}\n    path: ^/refused\n    service: http://127.0.0.1:1\n` +
      `  - service: ${web.url}\n`,
  });
  await world.connected(edge, 1);
});
after(() => world.close());

async function askRogue(answer: OriginAnswer, options = {}): ReturnType<World['ask']> {
  rogue.answer = answer;
  return world.ask(edge, '/rogue', options);
}

test('an origin that refuses connections is a 502 that says so, and the tunnel stays up', async () => {
  const answer = await world.ask(edge, '/refused');
  assert.equal(answer.status, 502);
  assert.equal(answer.failure, 'origin-refused');
  assert.equal((await world.ask(edge, '/hello')).body, 'hello');
});

test('an origin that closes without an answer is a 502, asked twice when that does no harm', async () => {
  rogue.reset();
  const closing: OriginAnswer = (_request, connection) => void connection.socket.end();
  const get = await askRogue(closing);
  assert.equal(get.status, 502);
  assert.equal(get.failure, 'origin-closed');
  assert.equal(rogue.requests.length, 2);
  rogue.reset();
  const post = await askRogue(closing, { method: 'POST', body: 'once only' });
  assert.equal(post.status, 502);
  assert.equal(rogue.requests.length, 1);
});

const cuts: ReadonlyArray<readonly [string, string]> = [
  ['a body of a stated length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nonly this'],
  ['a chunked body', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nonly this\r\n'],
];
for (const [what, bytes] of cuts) {
  test(`an origin that closes within ${what} cuts the client off, so that the loss shows`, async () => {
    for (const ending of ['end', 'resetAndDestroy'] as const) {
      const answer = await askRogue((_request, connection) => {
        connection.socket.write(bytes, () => setTimeout(() => connection.socket[ending](), 20));
        return undefined;
      });
      assert.equal(answer.status, 200);
      assert.equal(answer.body, 'only this');
      assert.notEqual(answer.fault, '', 'the client learns that the body is not whole');
    }
    const line = await eventually('the access log has the cut', () => {
      const lines = edge.accessLog.filter((text) => text.includes('"path":"/rogue"'));
      return lines.find((text) => text.includes('"error":"origin-closed"') && text.includes('"status":200'));
    });
    assert.match(line, /"detail":"[^"]+"/);
  });
}

const garbage: ReadonlyArray<readonly [string, string | Buffer]> = [
  ['bytes that are no HTTP', Buffer.from('\u0000\u0001\u0002 what?\r\n\r\n')],
  ['an SSH banner', 'SSH-2.0-OpenSSH_9.6\r\n\r\n'],
  ['a TLS alert', Buffer.from([0x15, 0x03, 0x01, 0x00, 0x02, 0x02, 0x46, 0x0d, 0x0a, 0x0d, 0x0a])],
  ['a status that is no number', 'HTTP/1.1 OK\r\n\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 5\r\n\r\nabcde'],
  [
    'a length and chunks',
    'HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n',
  ],
  ['a head without end', `HTTP/1.1 200 OK\r\n${'X-A: bbbbbbbbbbbbbbbbbbbbbbbbbbbb\r\n'.repeat(4_000)}`],
];
for (const [what, bytes] of garbage) {
  test(`an origin that speaks ${what} is a 502, and its connection is not used again`, async () => {
    rogue.reset();
    const answer = await askRogue(() => bytes);
    assert.equal(answer.status, 502, JSON.stringify(answer));
    assert.equal(answer.failure, 'origin-protocol');
    await eventually('the connection to the origin is closed', () =>
      rogue.connections.every(({ isClosed }) => isClosed),
    );
    const fine = await askRogue(() => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
    assert.equal(fine.body, 'ok');
  });
}

test('an origin that says more than it was asked never answers the next request with it', async () => {
  rogue.reset();
  const extra =
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nstolen';
  for (let i = 0; i < 3; i += 1) assert.equal((await askRogue(() => extra)).body, 'ok');
  assert.equal(rogue.connections.length, 3);
});

describe('those that take their time', { concurrency: true }, () => {
  test('an origin that never answers is a 504 after the limit that was set', async () => {
    const answer = await world.ask(edge, '/slow?ms=60000');
    assert.equal(answer.status, 504);
    assert.equal(answer.failure, 'origin-timeout');
  });

  test('a slow origin holds nobody else up, and its own answer arrives whole', async () => {
    const slow = world.ask(edge, '/held', { timeoutMs: 60_000 });
    await eventually('it is at the origin', () => web.seen.get('GET /held') === 1);
    // These are answered while it is held.
    for (let i = 0; i < 20; i += 1) assert.equal((await world.ask(edge, '/hello')).body, 'hello');
    web.release();
    assert.match((await slow).body, /^(drop )+last$/);
  });

  test('a client that stops reading stops its origin, not its neighbours, and is let go at the limit', async () => {
    const stuck = connectTls({
      port: edge.port,
      host: '127.0.0.1',
      servername: appHost,
      ca: world.ca.cert,
      ALPNProtocols: ['http/1.1'],
    });
    stuck.on('error', () => undefined);
    await once(stuck, 'secureConnect');
    stuck.write(`GET /big?bytes=400000000 HTTP/1.1\r\nHost: ${appHost}\r\n\r\n`);
    await once(stuck, 'readable');
    stuck.pause();
    for (let i = 0; i < 20; i += 1) assert.equal((await world.ask(edge, '/hello')).body, 'hello');
    const bulk = await world.ask(edge, '/big?bytes=20000000');
    assert.equal(bulk.body.length, 20_000_000, 'a long answer beside it is not held up');
    assert.ok(process.memoryUsage().rss < 600_000_000, 'the answer is not gathered in memory');
    const line = await eventually(
      'the stuck client is let go',
      () => edge.accessLog.find((text) => text.includes('the client stopped reading')),
      30_000,
    );
    assert.match(line, /"path":"\/big"/);
    stuck.destroy();
  });

  test('a client that trickles its body is served as long as it makes progress', async () => {
    const socket = connectTls({
      port: edge.port,
      host: '127.0.0.1',
      servername: appHost,
      ca: world.ca.cert,
      ALPNProtocols: ['http/1.1'],
    });
    await once(socket, 'secureConnect');
    let text = '';
    socket.on('data', (chunk: Buffer) => (text += chunk.toString('latin1')));
    socket.write(`POST /echo HTTP/1.1\r\nHost: ${appHost}\r\nContent-Length: 8\r\n\r\n`);
    for (const byte of 'trickled') {
      socket.write(byte);
      await new Promise((resolve) => setTimeout(resolve, 300));
    }
    await eventually('the echo is whole', () =>
      /t[\s\S]*r[\s\S]*i[\s\S]*c[\s\S]*k[\s\S]*l[\s\S]*e[\s\S]*d/.test(text.split('\r\n\r\n')[1] ?? text),
    );
    assert.match(text, /^HTTP\/1\.1 200/);
    socket.destroy();
  });

  test('a client that stops in the middle of its body is let go, and so is its origin', async () => {
    rogue.reset();
    rogue.answer = () => 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    const socket = connectTls({
      port: edge.port,
      host: '127.0.0.1',
      servername: appHost,
      ca: world.ca.cert,
      ALPNProtocols: ['http/1.1'],
    });
    socket.on('error', () => undefined);
    await once(socket, 'secureConnect');
    socket.resume();
    const closed = once(socket, 'close');
    socket.write(`POST /rogue HTTP/1.1\r\nHost: ${appHost}\r\nContent-Length: 80\r\n\r\nonly this much`);
    await eventually('the origin has the beginning', () => rogue.connections.length === 1);
    await within('the client is let go', 30_000, closed);
    await eventually('the origin is let go', () => rogue.connections.every(({ isClosed }) => isClosed));
    assert.equal(rogue.requests.length, 0);
  });
});

test('a client that goes away in the middle frees the origin at once', async () => {
  rogue.reset();
  rogue.answer = () => undefined;
  const gone = connectTls({ port: edge.port, host: '127.0.0.1', servername: appHost, ca: world.ca.cert });
  gone.on('error', () => undefined);
  await once(gone, 'secureConnect');
  gone.write(`GET /rogue HTTP/1.1\r\nHost: ${appHost}\r\n\r\n`);
  await eventually('the origin was asked', () => rogue.requests.length === 1);
  gone.destroy();
  await eventually('the origin is let go', () => rogue.connections[0]!.isClosed, 1_200);
});

test('one stalled stream among fifty does not slow the others', async () => {
  rogue.reset();
  // The origin takes the head and then reads nothing more: the upload stalls when its window is full.
  const stalled = connectTls({ port: edge.port, host: '127.0.0.1', servername: appHost, ca: world.ca.cert });
  stalled.on('error', () => undefined);
  await once(stalled, 'secureConnect');
  stalled.write(`POST /rogue HTTP/1.1\r\nHost: ${appHost}\r\nContent-Length: 500000000\r\n\r\n`);
  const connection = await eventually('the origin has the head', () => rogue.connections[0]);
  connection.socket.pause();
  const block = Buffer.alloc(1 << 20);
  for (let i = 0; i < 200 && stalled.writableLength < 8 << 20; i += 1) {
    stalled.write(block);
    await new Promise(setImmediate);
  }
  const answers = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      world.ask(edge, '/echo', { method: 'POST', body: Buffer.alloc(100_000, i) }),
    ),
  );
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.length]),
    Array.from({ length: 50 }, () => [200, 100_000]),
  );
  stalled.destroy();
});

test('a request that comes back to its own edge is refused with 508', async () => {
  const loop = await world.startEdge();
  await world.startConnector(loop, {
    connections: 1,
    ingress: `  - service: https://127.0.0.1:${loop.port}\n    originRequest:\n      noTLSVerify: true\n`,
  });
  await world.connected(loop, 1);
  const answer = await world.ask(loop, '/');
  assert.equal(answer.status, 508);
  assert.match(answer.body, /came back to the edge/);
  assert.ok(metricOf(loop.metrics, 'sallyport_edge_failures_total{code="loop"}') >= 1);
});
