// The edge's doors and the snapshot in force: PROXY headers, redirects, misdirected names, limits, replicas, claims,
// and what is cut when a key or a tunnel is taken away.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import { systemRandom } from '#base/random.ts';
import { createCredentials, publicKeyOf } from '#tunnel/credentials.ts';
import { closedPort } from '../connector/origins.ts';
import { eventually } from '../support/eventually.ts';
import type { RawConnection } from '../support/raw-client.ts';
import { RecordingOrigin, plainAnswer } from '../support/recording-origin.ts';
import { type EdgeWorld, responsesOf, routeOf, startEdgeWorld, tunnelOf } from './world.ts';

const hello = 'GET / HTTP/1.1\r\nHost: a.test\r\n\r\n';

let world: EdgeWorld;
let origin: RecordingOrigin;

before(async () => {
  origin = await RecordingOrigin.start();
  world = await startEdgeWorld({
    ingress: `  - hostname: a.test\n    service: ${origin.url}\n  - hostname: x.claimed.test\n    service: ${origin.url}\n`,
    hosts: ['a.test', 'alone.test'],
    limits: { connectionsPerAddress: 40, requestsPerConnection: 50 },
    claims: ['*.claimed.test'],
    connections: 2,
  });
});
afterEach(async () => {
  origin.answer = plainAnswer;
  origin.reset();
  await world.settle();
});
after(async () => {
  await world.close();
  await origin.close();
});

describe('plain HTTP', () => {
  test('redirects to HTTPS with path, query and port, and keeps the method', async () => {
    const client = await world.plainClient();
    client.send('POST /a%2e/../b?c=d HTTP/1.1\r\nHost: A.test:80\r\nContent-Length: 3\r\n\r\nabc');
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.status, 308);
    assert.equal(response!.fields['location'], `https://a.test:${world.port}/b?c=d`);
    client.send('GET / HTTP/1.1\r\nHost: nowhere.test\r\n\r\n');
    assert.equal((await responsesOf(client, 2))[1]!.status, 404);
    assert.equal(origin.connections.length, 0);
  });
});

describe('names', () => {
  test('a request for a name that the connection was not made for is misdirected', async () => {
    const [response] = await world.ask('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n', {
      serverName: 'alone.test',
    });
    assert.equal(response!.status, 421);
    const [other] = await world.ask('GET / HTTP/1.1\r\nHost: alone.test\r\n\r\n');
    assert.equal(other!.status, 421);
    assert.equal(origin.connections.length, 0);
  });

  for (const [host, status] of [
    ['A.TEST', 200],
    ['a.test.', 200],
    ['a.test:443', 200],
    ['a.test:', 200],
    ['a.test:99999', 400],
    ['a.test:x', 400],
    ['user@a.test', 400],
    ['a..test', 400],
    ['.a.test', 400],
    ['a.test/x', 400],
    ['a.test%00', 400],
    ['a.test, a.test', 400],
    ['', 400],
    ['[::1', 400],
    ['a.\xff.test', 400],
    ['b\xc3\xbccher.test', 404],
  ] as const) {
    test(`Host: ${JSON.stringify(host)} is ${status}`, async () => {
      const [response] = await world.ask(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
      assert.equal(response!.status, status);
    });
  }
});

describe('limits', () => {
  test('one address has so many connections and no more; closing one makes room', async () => {
    const clients: RawConnection[] = [];
    for (let i = 0; i < 38; i++) clients.push(await world.plainClient());
    const extra = await world.plainClient(world.plainPort);
    extra.send(hello);
    assert.equal((await responsesOf(extra, 1))[0]!.status, 200, 'each listener counts for itself');
    for (let i = 0; i < 4; i++) clients.push(await world.plainClient());
    await eventually('some are turned away', () => clients.some(({ end }) => end !== 'open'));
    assert.ok(world.metric('sallyport_edge_connections_total', 'too-many') > 0);
    for (const client of clients) client.close();
    await eventually('they are forgotten', () => / 0 connections/.test(world.edge.listeners()[1]!.detail));
    const client = await world.plainClient();
    client.send(hello);
    assert.equal((await responsesOf(client, 1))[0]!.status, 308);
  });

  test('a connection serves so many requests and says when it is the last', async () => {
    const client = await world.client();
    client.send(hello.repeat(60));
    const responses = await responsesOf(client, 50);
    assert.equal(await client.waitForClose(), 'closed');
    assert.equal(responses.length, 50);
    assert.equal(responses[48]!.fields['connection'], undefined);
    assert.equal(responses[49]!.fields['connection'], 'close');
  });
});

describe('routes', () => {
  test('a hostname that the tunnel may claim needs no route', async () => {
    const [response] = await world.ask('GET / HTTP/1.1\r\nHost: x.claimed.test\r\n\r\n', {
      serverName: 'x.claimed.test',
    });
    assert.equal(response!.status, 200);
    const [other] = await world.ask('GET / HTTP/1.1\r\nHost: y.claimed.test\r\n\r\n', {
      serverName: 'y.claimed.test',
    });
    assert.equal(other!.status, 404);
  });

  test('two tunnels share a host by path, segment by segment', async () => {
    const second = await RecordingOrigin.start(() => 'HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecond');
    const credentials = createCredentials(systemRandom, `127.0.0.1:${world.port}`, world.credentials.caPin);
    const before = world.snapshot;
    world.apply({
      tunnels: [...before.tunnels, tunnelOf(credentials)],
      routes: [...before.routes, { ...routeOf('a.test', credentials), path: '/app' }],
    });
    const connector = await world.connect(`  - hostname: a.test\n    service: ${second.url}`, credentials);
    for (const [path, wanted] of [
      ['/', 'ok'],
      ['/app', 'second'],
      ['/app/x', 'second'],
      ['/apple', 'ok'],
      ['/x/../app', 'second'],
    ] as const) {
      const [response] = await world.ask(`GET ${path} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      assert.equal(response!.body, wanted, path);
    }
    const [ambiguous] = await world.ask('GET /app%2Fx HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.equal(ambiguous!.status, 400);
    await connector.close();
    await eventually('530', async () => {
      const [response] = await world.ask('GET /app HTTP/1.1\r\nHost: a.test\r\n\r\n');
      return response!.status === 530;
    });
    world.apply({ tunnels: before.tunnels, routes: before.routes });
    await second.close();
  });
});

describe('replicas', () => {
  test('a replica whose origin is down hands over to one whose origin is up, bodies included', async () => {
    await world.connectors[0]!.close();
    await eventually('gone', () => world.edge.tunnelConnections().length === 0);
    const dead = await closedPort();
    const broken = await world.connect(`  - hostname: a.test\n    service: http://127.0.0.1:${dead}`);
    const working = await world.connect();
    for (let i = 0; i < 20; i++) {
      const [response] = await world.ask(hello);
      assert.equal(response!.status, 200);
    }
    assert.ok(world.metric('sallyport_edge_retries_total') > 0);
    for (const size of [0, 1, 1, 1, 70_000, 300_000, 300_000, 300_000]) {
      const body = 'x'.repeat(size);
      const before = origin.requests.length;
      const retries = world.metric('sallyport_edge_retries_total');
      // Until the broken one has had a turn.
      for (let i = 0; i < 50 && world.metric('sallyport_edge_retries_total') === retries; i++) {
        const [response] = await world.ask(
          `POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: ${size}\r\n\r\n${body}`,
        );
        assert.equal(response!.status, 200);
      }
      assert.ok(world.metric('sallyport_edge_retries_total') > retries);
      for (const request of origin.requests.slice(before)) assert.equal(request.body.length, size);
    }
    const chunked = '5\r\nhello\r\n0\r\nX-Sum: 7\r\n\r\n';
    for (let i = 0; i < 6; i++) {
      const [response] = await world.ask(
        `POST / HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n${chunked}`,
      );
      assert.equal(response!.status, 200);
      assert.equal(origin.requests.at(-1)!.body, 'hello');
      assert.match(origin.requests.at(-1)!.raw, /0\r\nX-Sum: 7\r\n\r\n$/);
    }
    await broken.close();
    await working.close();
    await eventually('gone', () => world.edge.tunnelConnections().length === 0);
    world.connectors.length = 0;
    await world.connect();
  });

  test('a connector killed in the middle of an answer cuts the client, and before the answer it is a 502', async () => {
    origin.answer = ({ requestLine }) =>
      requestLine.includes('/begun') ? 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart' : undefined;
    const begun = await world.client();
    begun.send('GET /begun HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await begun.waitFor('part');
    const waiting = await world.client();
    waiting.send('POST /waiting HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx');
    await eventually('both are at the origin', () => origin.requests.length === 2);
    for (const connection of world.edge.tunnelConnections()) connection.close('shutdown', 'cut by the test');
    const [response] = await responsesOf(waiting, 1);
    assert.equal(response!.fields['x-sallyport-error'], 'connector-lost');
    await begun.waitForClose();
    assert.match(begun.text, /part$/);
    await eventually('the connector is back', () => world.edge.tunnelConnections().length === 2, 10_000);
  });
});

describe('S0-14 within a second', () => {
  async function streaming(): Promise<Awaited<ReturnType<EdgeWorld['client']>>> {
    origin.answer = ({ requestLine }) =>
      requestLine.includes('/stream')
        ? 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'
        : plainAnswerText;
    const client = await world.client();
    client.send('GET /stream HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.waitFor('part');
    return client;
  }
  const plainAnswerText = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';

  for (const [what, change] of [
    ['a revoked key', () => ({ tunnels: [{ ...world.snapshot.tunnels[0]!, publicKeys: [] }] })],
    ['a deleted tunnel', () => ({ tunnels: [], routes: [] })],
  ] as const) {
    test(`${what} ends live streams, and nothing is served any more`, async () => {
      const before = world.snapshot;
      const client = await streaming();
      world.apply(change());
      await client.waitForClose();
      const [response] = await world.ask(hello);
      assert.equal(response!.status, what === 'a revoked key' ? 530 : 404);
      world.apply({ tunnels: before.tunnels, routes: before.routes });
      await world.connectors.at(-1)!.close();
      world.connectors.length = 0;
      await world.connect();
    });
  }

  test('a key that is only rotated beside a second one cuts nothing', async () => {
    const before = world.snapshot;
    const other = createCredentials(systemRandom, '', '');
    const client = await streaming();
    const [tunnel] = before.tunnels;
    world.apply({ tunnels: [{ ...tunnel!, publicKeys: [publicKeyOf(other), ...tunnel!.publicKeys] }] });
    const [response] = await world.ask(hello);
    assert.equal(response!.status, 200);
    assert.equal(client.end, 'open');
    world.apply({ tunnels: before.tunnels });
  });
});

test('headers of a trusted proxy are believed, hop by hop, and of nobody else', async () => {
  world.apply({ trustedProxies: ['127.0.0.1/32', '10.0.0.0/8'] });
  for (const [chain, client] of [
    ['X-Forwarded-For: 9.9.9.9\r\n', '9.9.9.9'],
    ['X-Forwarded-For: 6.6.6.6, 9.9.9.9, 10.1.1.1\r\n', '9.9.9.9'],
    ['X-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: 9.9.9.9\r\nX-Forwarded-For: 10.1.1.1\r\n', '9.9.9.9'],
    ['X-Forwarded-For: 6.6.6.6, unknown, 10.1.1.1\r\n', '10.1.1.1'],
    ['X_Forwarded_For: 6.6.6.6\r\n', '127.0.0.1'],
    ['', '127.0.0.1'],
  ] as const) {
    origin.reset();
    await world.ask(`GET / HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Proto: http\r\n${chain}\r\n`);
    const told = new Map(origin.requests[0]!.fields.map(([name, value]) => [name.toLowerCase(), value]));
    assert.equal(told.get('x-real-ip'), client, chain);
    assert.equal(told.get('x-forwarded-proto'), 'http');
    assert.ok(told.get('x-forwarded-for')!.endsWith('127.0.0.1'));
  }
  world.apply({ trustedProxies: [] });
});

test('the largest head that may be allowed is forwarded whole', async () => {
  const before = world.snapshot;
  world.apply({
    trustedProxies: ['127.0.0.1/32'],
    limits: { ...before.limits, headBytes: 65_536, targetBytes: 8192 },
  });
  // Grows by a space after each comma on the way.
  const chain = '1::,'.repeat(9000);
  const loops = `CDN-Loop: ${'x,'.repeat(7000)}y\r\n`;
  const filler = `X-Fill: ${'z'.repeat(15_000)}\r\n`;
  const [response] = await world.ask(
    `GET /whole HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: ${chain}9.9.9.9\r\n${loops}${filler}\r\n`,
  );
  assert.equal(response!.status, 200);
  const { raw, fields } = origin.requests[0]!;
  assert.ok(raw.includes(filler));
  assert.equal(fields.at(-1)![0], 'CDN-Loop');
  assert.match(fields.at(-1)![1], /y, sallyport-[0-9a-f]+$/);
  world.apply({ trustedProxies: [], limits: before.limits });
});
