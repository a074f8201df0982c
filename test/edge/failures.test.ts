// What goes wrong behind the edge, and what the client is told: the right hop, in the right form, nothing internal.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Socket } from 'node:net';
import { type TestOrigin, closedPort, startOrigin } from '../connector/origins.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingOrigin, plainAnswer } from '../support/recording-origin.ts';
import { type EdgeWorld, type RawResponse, responsesOf, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
let origin: RecordingOrigin;
let raw: TestOrigin;
let serve: (socket: Socket) => void = () => undefined;
let down: number;

before(async () => {
  origin = await RecordingOrigin.start();
  raw = await startOrigin((socket) => serve(socket));
  down = await closedPort();
  world = await startEdgeWorld({
    ingress:
      `  - hostname: a.test\n    service: ${origin.url}\n` +
      `  - hostname: raw.test\n    service: http://127.0.0.1:${raw.port}\n` +
      `  - hostname: down.test\n    service: http://127.0.0.1:${down}\n`,
    hosts: ['a.test', 'raw.test', 'down.test', 'unruly.test'],
    snapshot: {},
  });
  world.apply({
    routes: [
      ...world.snapshot.routes,
      { hostname: 'offline.test', path: '/', tunnelId: '00000000-0000-4000-8000-000000000000' },
      { hostname: 'path.test', path: '/app', tunnelId: world.credentials.tunnelId },
    ],
  });
});
afterEach(async () => {
  origin.answer = plainAnswer;
  origin.reset();
  for (const socket of raw.sockets.splice(0)) socket.destroy();
  await world.settle();
});
after(async () => {
  await world.close();
  raw.close();
  await origin.close();
});

async function get(host: string, path = '/', fields = ''): Promise<RawResponse> {
  const [response] = await world.ask(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\n${fields}\r\n`);
  return response!;
}

/** Lets the raw origin answer its first request with these bytes and then, if asked, close. */
function answerRaw(bytes: string, isClosing = false): void {
  serve = (socket) =>
    socket.once('data', () => {
      if (isClosing) socket.end(bytes, 'latin1');
      else socket.write(bytes, 'latin1');
    });
}

describe('an error', () => {
  for (const [host, path, status, code] of [
    ['nowhere.test', '/', 404, 'no-such-host'],
    ['path.test', '/apple', 404, 'no-such-path'],
    ['offline.test', '/', 530, 'no-connector'],
    ['down.test', '/', 502, 'origin-refused'],
  ] as const) {
    test(`${code} is ${status}, for people, programs and curl, and tells nothing internal`, async () => {
      for (const [accept, type, wanted] of [
        ['text/html,application/xhtml+xml', 'text/html; charset=utf-8', /^<!doctype html>.*<\/html>\n$/s],
        ['application/json', 'application/problem+json', /^\{"status":\d+,.*\}\n$/],
        ['*/*', 'text/plain; charset=utf-8', /^\d+ [^\n]+\n$/],
      ] as const) {
        const { fields, body, ...rest } = await get(host, path, `Accept: ${accept}\r\n`);
        assert.equal(rest.status, status);
        assert.equal(fields['x-sallyport-error'], code);
        assert.equal(fields['content-type'], type);
        assert.equal(fields['cache-control'], 'no-store');
        assert.match(body, wanted);
        assert.ok(body.includes(fields['x-request-id']!), 'the body names the request');
        assert.ok(body.includes(code));
        const secrets = new RegExp(
          `127\\.0\\.0\\.1|localhost|${down}|${world.credentials.tunnelId}|ECONN`,
          'i',
        );
        assert.doesNotMatch(body + JSON.stringify(fields), secrets);
      }
      const line = await world.loggedLine(`of ${code}`, (one) => one['error'] === code);
      assert.equal(line['status'], status);
      assert.ok(world.metric('sallyport_edge_failures_total', `code="${code}"`) >= 3);
    });
  }

  test('to HEAD has no body', async () => {
    const client = await world.client();
    client.send('HEAD / HTTP/1.1\r\nHost: nowhere.test\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    await client.waitFor(/^HTTP\/1\.1 404 [^]*\r\n\r\nHTTP\/1\.1 200 [^]*ok$/);
  });

  test('of a request that was no HTTP is told after one that was HEAD, with its body', async () => {
    const client = await world.client();
    client.send('HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n\0\0\0\0\r\n\r\n');
    const text = await client.waitFor('HTTP/1.1 400 ');
    assert.equal(await client.waitForClose(), 'closed');
    assert.match(client.text.slice(text.indexOf('HTTP/1.1 400')), /\r\n\r\n400 .*bad-request/s);
  });
});

describe('an origin', () => {
  for (const [what, bytes, code] of [
    ['that speaks no HTTP', 'SSH-2.0-OpenSSH_9.9\r\n\r\n', 'origin-protocol'],
    ['that speaks no HTTP and no lines', '\0\x01\x02\x03', 'origin-closed'],
    [
      'with both framings',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n',
      'origin-protocol',
    ],
    [
      'with two lengths',
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc',
      'origin-protocol',
    ],
    ['with a folded line', 'HTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 0\r\n\r\n', 'origin-protocol'],
    ['with a bare LF', 'HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n', 'origin-protocol'],
    [
      'that switches protocols unasked',
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
      'origin-protocol',
    ],
    ['with endless interim answers', 'HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(20), 'origin-protocol'],
    ['with an endless head', `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(70_000)}`, 'origin-protocol'],
    ['that hangs up without an answer', '', 'origin-closed'],
    ['that hangs up in its head', 'HTTP/1.1 200 OK\r\nX: ', 'origin-closed'],
  ] as const) {
    test(`${what} is a 502 (${code}), and its stream is not used again`, async () => {
      answerRaw(bytes, true);
      const client = await world.client('raw.test');
      client.send('POST / HTTP/1.1\r\nHost: raw.test\r\nContent-Length: 2\r\n\r\nhi');
      const response = await eventually('the 502', () => {
        const at = client.text.indexOf('HTTP/1.1 502 ');
        return at >= 0 && client.text.slice(at);
      });
      assert.match(response, new RegExp(`X-Sallyport-Error: ${code}\r\n`));
      answerRaw('HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nclean');
      client.send('GET / HTTP/1.1\r\nHost: raw.test\r\n\r\n');
      await client.waitFor(/clean$/);
    });
  }

  for (const [what, bytes] of [
    ['by length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\npart'],
    ['by chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\n'],
    ['by broken chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\npart\r\nxyz\r\n'],
  ] as const) {
    test(`that stops within a body ${what} cuts the client: no clean end`, async () => {
      answerRaw(bytes, true);
      const client = await world.client('raw.test');
      client.send('GET / HTTP/1.1\r\nHost: raw.test\r\n\r\n');
      await client.waitForClose();
      assert.match(client.text, /^$|part(\r\n)?$/);
      const plain = await world.plainClient(world.plainPort);
      plain.send('GET / HTTP/1.0\r\nHost: raw.test\r\n\r\n');
      assert.equal(await plain.waitForClose(), 'reset', 'over plain TCP the cut is a reset');
    });
  }

  test('that closed an idle stream: GET and POST are both served, nothing is sent twice', async () => {
    const client = await world.client();
    for (let i = 1; i <= 6; i += 2) {
      client.send(`GET /${i} HTTP/1.1\r\nHost: a.test\r\n\r\n`);
      await responsesOf(client, i);
      for (const connection of origin.connections) connection.socket.destroy();
      await eventually('closed', () => origin.connections.every(({ isClosed }) => isClosed));
      client.send(`POST /${i + 1} HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx`);
      const responses = await responsesOf(client, i + 1);
      const last = responses.at(-1)!;
      assert.ok(
        last.status === 200 || last.fields['x-sallyport-error'] === 'origin-closed',
        String(last.status),
      );
    }
    const posts = origin.requests.filter(({ requestLine }) => requestLine.startsWith('POST'));
    assert.equal(new Set(posts.map(({ requestLine }) => requestLine)).size, posts.length);
  });

  test('that closes while a pooled stream is being asked: GET is tried again, POST is not', async () => {
    let isRude = false;
    origin.answer = (_request, connection) => {
      if (isRude) {
        isRude = false;
        connection.socket.destroy();
        return undefined;
      }
      return 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
    };
    assert.equal((await get('a.test', '/warm')).status, 200);
    isRude = true;
    assert.equal((await get('a.test', '/again')).status, 200);
    const line = await world.loggedLine('of the second try', ({ path }) => path === '/again');
    assert.equal(line['attempts'], 2);
    isRude = true;
    const [post] = await world.ask('POST /once HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n');
    assert.equal(post!.fields['x-sallyport-error'], 'origin-closed');
  });
});

describe('the access log', () => {
  test('has one line for each request, with the hops it took', async () => {
    await world.ask('POST /log?secret=1 HTTP/1.1\r\nHost: A.test\r\nContent-Length: 3\r\n\r\nabc');
    const line = await world.loggedLine('of the request', ({ path }) => path === '/log');
    const { time, id, ms, routedMs, openMs, sentMs, firstByteMs, connection, connector, ...rest } = line;
    assert.match(String(time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(String(id).length >= 10 && Number(ms) > 0 && Number(openMs) > 0);
    assert.ok(Number(openMs) >= Number(routedMs) && Number(sentMs) >= Number(routedMs));
    assert.ok(Number(firstByteMs) >= Number(openMs) && Number(ms) >= Number(firstByteMs));
    assert.equal(connector, world.connectors[0]!.connectorId);
    assert.equal(connection, world.edge.tunnelConnections()[0]!.id);
    assert.deepEqual(rest, {
      client: '127.0.0.1',
      method: 'POST',
      host: 'a.test',
      path: '/log',
      protocol: 'HTTP/1.1',
      status: 200,
      bytesIn: 3,
      bytesOut: 2,
      tunnel: world.credentials.tunnelId,
      rule: 0,
    });
  });

  test('has a line for what is refused before it is routed, with its status and reason', async () => {
    await world.ask('GET /a/%2e%2e%2fb HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const ambiguous = await world.loggedLine('of the refusal', ({ detail }) =>
      /ambiguous/.test(String(detail)),
    );
    assert.equal(ambiguous['status'], 400);
    assert.equal(ambiguous['error'], 'bad-request');
    assert.equal(ambiguous['host'], 'a.test');
    await world.ask('TRACE /traced HTTP/1.1\r\nHost: a.test\r\n\r\n');
    const traced = await world.loggedLine('of TRACE', ({ method }) => method === 'TRACE');
    assert.equal(traced['status'], 405);
    assert.equal(traced['error'], 'method-not-allowed');
  });

  test('S0-39 the request id is the same for client, origin and log', async () => {
    origin.answer = (request) => {
      const id = request.fields.find(([name]) => name === 'X-Request-Id')![1];
      return `HTTP/1.1 200 OK\r\nContent-Length: ${id.length}\r\n\r\n${id}`;
    };
    const { body } = await get('a.test', '/id', 'X-Request-Id: forged\r\n');
    assert.doesNotMatch(body, /forged/);
    await world.loggedLine('with the id', ({ id }) => id === body);
  });
});

test("what the origin is told of the client is the edge's word, once", async () => {
  await get(
    'a.test',
    '/who',
    'X-Forwarded-For: 6.6.6.6\r\nX_Real_IP: 6.6.6.6\r\nForwarded: for=6.6.6.6\r\nCDN-Loop: other; v=1\r\nCDN-Loop: more\r\n',
  );
  const told = new Map(origin.requests[0]!.fields.map(([name, value]) => [name.toLowerCase(), value]));
  assert.equal(told.get('x-forwarded-for'), '127.0.0.1');
  assert.equal(told.get('x-real-ip'), '127.0.0.1');
  assert.equal(told.get('cf-connecting-ip'), '127.0.0.1');
  assert.equal(told.get('x-forwarded-proto'), 'https');
  assert.equal(told.get('x-forwarded-host'), 'a.test');
  assert.match(told.get('cdn-loop')!, /^other; v=1, more, sallyport-[0-9a-f]+$/);
  assert.equal(told.size, origin.requests[0]!.fields.length, 'no field twice');
  assert.doesNotMatch(origin.requests[0]!.raw, /6\.6\.6\.6/);
});
