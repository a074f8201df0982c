// A node:http server inside the edge's process, reached through the whole data path and no port of its own: what the
// dashboard and the API stand on. Real clients by HTTP/1.1 and HTTP/2.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type ClientHttp2Session, type ClientHttp2Stream, connect } from 'node:http2';
import { get as httpsGet, request as httpsRequest } from 'node:https';
import { after, before, describe, test } from 'node:test';
import { WebSocket, WebSocketServer } from 'ws';
import { systemRandom } from '#base/random.ts';
import { localRules } from '#edge/tunnels/local-connection.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import { createCredentials } from '#tunnel/credentials.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import { loopbackLookup } from '../support/loopback-lookup.ts';
import { eventually } from '../support/eventually.ts';
import { type EdgeWorld, startEdgeWorld, tunnelOf } from './world.ts';

let world: EdgeWorld;
let server: Server;
let sockets: WebSocketServer;
let connection: EdgeConnection;
/** What happened at the service, in order. */
const seen: string[] = [];

before(async () => {
  server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, answer);
  sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (data: Buffer) => socket.send(data)));
  world = await startEdgeWorld({
    ingress: '  - hostname: plain.test\n    service: http_status:204\n',
    hosts: ['plain.test', 'dash.test'],
    snapshot: {
      routes: [
        { hostname: 'dash.test', path: '/', tunnelId: dashboardTunnelId },
        { hostname: 'a.test', path: '/admin', tunnelId: dashboardTunnelId },
      ],
    },
  });
  connection = serve();
});

after(async () => {
  connection.close('shutdown');
  sockets.close();
  await world.close();
  server.close();
});

function serve(): EdgeConnection {
  return world.edge.serveLocally({
    tunnelId: dashboardTunnelId,
    rules: localRules('dashboard'),
    accept: (socket) => void server.emit('connection', socket),
  });
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = new URL(request.url ?? '/', 'http://x').pathname;
  switch (path) {
    case '/echo':
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      request.pipe(response);
      return;
    case '/events':
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write('data: hello\n\n');
      request.on('close', () => seen.push('events closed'));
      response.on('close', () => seen.push('events answer closed'));
      return;
    case '/big':
      response.writeHead(200, { 'content-length': bigBytes });
      sendBig(response, bigBytes);
      return;
    case '/cut':
      response.writeHead(200, { 'content-length': 100 });
      response.write('half', () => response.destroy());
      return;
    case '/early':
      response.writeHead(413, { connection: 'close' }).end('too much');
      return;
    default:
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ url: request.url, headers: request.headers }));
  }
}

const bigBytes = 32 * 1024 * 1024;
/** The most that ever waited in the service's own buffers while it answered /big. */
let mostWaiting = 0;

function sendBig(response: ServerResponse, byteCount: number): void {
  const piece = Buffer.alloc(65_536, 'b');
  let left = byteCount;
  const more = (): void => {
    while (left > 0) {
      left -= piece.length;
      const hasRoom = response.write(piece);
      mostWaiting = Math.max(mostWaiting, response.writableLength);
      if (!hasRoom) {
        response.once('drain', more);
        return;
      }
    }
    response.end();
  };
  more();
}

interface Answer {
  readonly status: number;
  readonly body: Buffer;
}

function h1(path: string, host = 'dash.test', headers: Record<string, string> = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const url = `https://${host}:${world.port}${path}`;
    httpsGet(url, { ca: world.ca, lookup: loopbackLookup, agent: false, headers }, (response) => {
      void bodyOf(response).then((body) => resolve({ status: response.statusCode!, body }), reject);
    }).on('error', reject);
  });
}

async function bodyOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

async function withH2<T>(use: (session: ClientHttp2Session) => Promise<T>): Promise<T> {
  const session = connect(`https://localhost:${world.port}`, { ca: world.ca, lookup: loopbackLookup });
  session.setMaxListeners(0);
  try {
    return await use(session);
  } finally {
    session.destroy();
  }
}

const h2head = (path: string): Record<string, string> => ({ ':path': path, ':authority': 'dash.test' });

describe('a service inside the edge', () => {
  test('answers HTTP/1.1 and HTTP/2 alike, and knows the client by X-Forwarded-For', async () => {
    const one = await h1('/where?q=1');
    const two = await withH2(async (session) => bodyOf(session.request(h2head('/where?q=1'))));
    for (const body of [one.body, two]) {
      const { url, headers } = JSON.parse(body.toString()) as {
        url: string;
        headers: Record<string, string>;
      };
      assert.equal(url, '/where?q=1');
      assert.equal(headers['x-forwarded-for'], '127.0.0.1');
      assert.equal(headers['x-forwarded-proto'], 'https');
      assert.match(headers['x-request-id']!, /^[0-9a-z]+$/);
    }
    const line = await world.loggedLine('of the service', ({ path }) => path === '/where');
    assert.equal(line['tunnel'], dashboardTunnelId);
  });

  test('can stand under a path of a hostname that serves nothing else', async () => {
    const inside = await h1('/admin/users', 'a.test');
    assert.equal((JSON.parse(inside.body.toString()) as { url: string }).url, '/admin/users');
    assert.equal((await h1('/administrator', 'a.test')).status, 404);
  });

  test('takes and gives a large body over both protocols, byte for byte', async () => {
    const bytes = randomBytes(5_000_000);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const send = async (stream: ClientHttp2Stream | ReturnType<typeof httpsRequest>): Promise<void> => {
      for (let at = 0; at < bytes.length; at += 70_000) {
        if (!stream.write(bytes.subarray(at, at + 70_000))) await once(stream, 'drain');
      }
      stream.end();
    };
    const request = httpsRequest(`https://dash.test:${world.port}/echo`, {
      ca: world.ca,
      lookup: loopbackLookup,
      method: 'POST',
      agent: false,
    });
    const answered = once(request, 'response').then(([response]) => bodyOf(response as IncomingMessage));
    await send(request);
    assert.equal(
      createHash('sha256')
        .update(await answered)
        .digest('hex'),
      digest,
    );
    await withH2(async (session) => {
      const stream = session.request({ ...h2head('/echo'), ':method': 'POST' }, { endStream: false });
      const body = bodyOf(stream);
      await send(stream);
      assert.equal(
        createHash('sha256')
          .update(await body)
          .digest('hex'),
        digest,
      );
    });
  });

  test('is slowed down by a client that does not read, and goes on when it does', async () => {
    mostWaiting = 0;
    const client = await world.client();
    client.socket.pause();
    client.send('GET /big HTTP/1.1\r\nHost: dash.test\r\nConnection: close\r\n\r\n');
    await eventually('the service has been told to wait', () => mostWaiting > 0);
    client.socket.resume();
    await once(client.socket, 'end');
    assert.ok(client.received.length > bigBytes, `${client.received.length} bytes came`);
    assert.ok(mostWaiting < 4 * 1024 * 1024, `${mostWaiting} bytes waited`);
    client.close();
  });

  test('serves ninety event streams and ordinary requests beside them; a client that leaves is noticed', async () => {
    await withH2(async (session) => {
      const streams = Array.from({ length: 90 }, () => session.request(h2head('/events')));
      for (const stream of streams) {
        const [chunk] = (await once(stream, 'data')) as [Buffer];
        assert.equal(chunk.toString(), 'data: hello\n\n');
      }
      assert.ok(connection.openStreams >= 90);
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, i) => bodyOf(session.request(h2head(`/n${i}`)))),
      );
      for (const [i, body] of answers.entries()) assert.match(body.toString(), new RegExp(`"/n${i}"`));
      seen.length = 0;
      streams[0]!.close();
      await eventually('the service saw the client go', () => seen.includes('events answer closed'));
    });
    await eventually(
      'every stream has gone with its client',
      () => seen.filter((what) => what === 'events answer closed').length === 90,
    );
  });

  test('carries a WebSocket', async () => {
    const socket = new WebSocket(`wss://dash.test:${world.port}/live`, [], {
      ca: world.ca,
      lookup: loopbackLookup,
    });
    await once(socket, 'open');
    socket.send('over the wall');
    const [data] = (await once(socket, 'message')) as [Buffer];
    assert.equal(data.toString(), 'over the wall');
    socket.close();
    const [code] = (await once(socket, 'close')) as [number];
    assert.equal(code, 1005);
  });

  test('that breaks off leaves the client with a broken answer, not a short one', async () => {
    await assert.rejects(h1('/cut'), /aborted|hang up|ECONNRESET/);
  });

  test('may answer early and close: the answer arrives, and the next request is served', async () => {
    const client = await world.client();
    client.send('POST /early HTTP/1.1\r\nHost: dash.test\r\nContent-Length: 1000000\r\n\r\nstart');
    await client.waitFor('too much');
    client.close();
    assert.equal((await h1('/next')).status, 200);
  });

  test('that has drained or closed is a tunnel without a connector; what was under way ends well', async () => {
    const client = await world.client();
    client.send('GET /events HTTP/1.1\r\nHost: dash.test\r\n\r\n');
    await client.waitFor('data: hello');
    await connection.drain();
    assert.equal((await h1('/again')).status, 530);
    assert.equal(client.end, 'open');
    connection.close('shutdown');
    await eventually('the event stream was cut', () => client.end !== 'open');
    connection = serve();
    assert.equal((await h1('/again')).status, 200);
  });
});

test("a reserved tunnel is no connector's, whatever key a snapshot holds for it", async () => {
  const stranger = {
    ...createCredentials(systemRandom, `127.0.0.1:${world.port}`, world.credentials.caPin),
    tunnelId: dashboardTunnelId,
  };
  world.apply({ tunnels: [tunnelOf(world.credentials), tunnelOf(stranger)] });
  const before = world.metric('sallyport_edge_tunnel_disconnects_total', 'unknown-tunnel');
  await world.startConnector('', stranger);
  await eventually(
    'the edge refused it',
    () => world.metric('sallyport_edge_tunnel_disconnects_total', 'unknown-tunnel') > before,
  );
  assert.throws(() =>
    world.edge.serveLocally({
      tunnelId: stranger.tunnelId.replace(/^0/, '1'),
      rules: localRules('x'),
      accept() {},
    }),
  );
});
