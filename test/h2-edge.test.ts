// HTTP/2 through everything: real clients, the demo's edge, tunnel and connector, real origins. gRPC is in
// interop/grpc.test.ts.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer as createHttp1 } from 'node:http';
import { connect, createServer as createHttp2 } from 'node:http2';
import type { ClientHttp2Session, ClientHttp2Stream, ServerHttp2Stream } from 'node:http2';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { WebSocketServer } from 'ws';
import { startDemo } from '#roles/demo/demo.ts';
import type { RunningDemo } from '#roles/demo/demo.ts';
import { loopbackLookup } from './support/loopback-lookup.ts';

const cleanUp: Array<() => unknown> = [];
let demo: RunningDemo;
let ca: Buffer;

before(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sallyport-h2-'));
  const http1 = await startHttp1Origin();
  const http2 = await startHttp2Origin();
  demo = await startDemo({
    httpsPort: 0,
    httpPort: 0,
    dataDir,
    services: [
      { hostname: 'h1.localhost', service: `http://127.0.0.1:${http1}` },
      { hostname: 'h2.localhost', service: `h2c://127.0.0.1:${http2}` },
    ],
    servesHttp: false,
    logLevel: 'error',
    writeLog: () => {},
    onAccess: () => {},
    stop: new AbortController().signal,
  });
  ca = readFileSync(demo.ready.caFile);
  cleanUp.push(
    () => rmSync(dataDir, { recursive: true, force: true }),
    () => demo.stop(),
  );
});

after(async () => {
  for (const each of cleanUp.toReversed()) await each();
});

function listen(server: Server): Promise<number> {
  cleanUp.push(() => server.close());
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port));
  });
}

/** Echoes bodies with their trailers, and WebSocket messages. */
function startHttp1Origin(): Promise<number> {
  const server = createHttp1((request, response) => {
    if (request.url === '/cut') {
      response.writeHead(200, { 'content-type': 'text/plain' });
      response.write('half', () => response.destroy());
      return;
    }
    response.writeHead(200, { trailer: 'x-sum', 'x-seen': String(request.headers['x-asked']) });
    request.on('data', (chunk: Buffer) => response.write(chunk));
    request.on('end', () => {
      response.addTrailers({ 'x-sum': String(request.trailers['x-check'] ?? 'none') });
      response.end();
    });
  });
  const sockets = new WebSocketServer({ server, handleProtocols: (names) => [...names][0] ?? false });
  sockets.on('connection', (socket) =>
    socket.on('message', (data: Buffer, isBinary) => socket.send(data, { binary: isBinary })),
  );
  cleanUp.push(() => server.closeAllConnections());
  return listen(server);
}

function startHttp2Origin(): Promise<number> {
  const server = createHttp2();
  server.on('stream', (stream: ServerHttp2Stream, headers) => {
    stream.on('error', () => {});
    stream.respond({ ':status': 200, 'x-te': headers.te ?? '' }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '42' }));
    stream.pipe(stream);
  });
  return listen(server);
}

function session(hostname: string): ClientHttp2Session {
  const { port } = new URL(demo.ready.https);
  const opened = connect(`https://${hostname}:${port}`, { ca, lookup: loopbackLookup } as never);
  opened.on('error', () => {});
  cleanUp.push(() => opened.destroy());
  return opened;
}

async function read(stream: ClientHttp2Stream): Promise<{ body: Buffer; trailers: Record<string, unknown> }> {
  const chunks: Buffer[] = [];
  let trailers: Record<string, unknown> = {};
  stream.on('data', (chunk: Buffer) => chunks.push(chunk));
  stream.on('trailers', (received: Record<string, unknown>) => (trailers = received));
  await once(stream, 'end');
  return { body: Buffer.concat(chunks), trailers };
}

describe('HTTP/2 through edge, tunnel and connector', () => {
  for (const hostname of ['h1.localhost', 'h2.localhost']) {
    test(`a large body to ${hostname} and back arrives whole, with trailers`, async () => {
      const stream = session(hostname).request(
        { ':method': 'POST', ':path': '/', te: 'trailers' },
        { waitForTrailers: true },
      );
      stream.on('wantTrailers', () => stream.sendTrailers({ 'x-check': '42' }));
      const sent = Buffer.alloc(3_000_000, 'sallyport');
      stream.end(sent);
      const { body, trailers } = await read(stream);
      assert.ok(body.equals(sent));
      assert.equal(trailers['x-sum'], '42');
    });
  }

  test('a hundred requests at once share one connection', async () => {
    const client = session('h1.localhost');
    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        const stream = client.request({ ':path': `/${i}`, 'x-asked': String(i) });
        const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
        stream.resume();
        return headers['x-seen'];
      }),
    );
    assert.deepEqual(
      answers,
      Array.from({ length: 100 }, (_, i) => String(i)),
    );
  });

  test('an answer that the origin cuts short is reset, not ended', async () => {
    const stream = session('h1.localhost').request({ ':path': '/cut' });
    stream.resume();
    const [error] = (await once(stream, 'error')) as [Error];
    assert.match(error.message, /NGHTTP2_INTERNAL_ERROR/);
  });

  test('a WebSocket speaks to an HTTP/1.1 origin', async () => {
    const client = session('h1.localhost');
    await once(client, 'remoteSettings');
    const stream = client.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': '/socket',
      'sec-websocket-version': '13',
      'sec-websocket-protocol': 'chat',
    });
    const [headers] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(headers[':status'], 200);
    assert.equal(headers['sec-websocket-protocol'], 'chat');
    // A masked text frame "hi" (RFC 6455 section 5.2), echoed unmasked.
    stream.write(Buffer.from([0x81, 0x82, 1, 2, 3, 4, 0x68 ^ 1, 0x69 ^ 2]));
    const [echoed] = (await once(stream, 'data')) as [Buffer];
    assert.deepEqual([...echoed], [0x81, 0x02, 0x68, 0x69]);
    stream.end();
  });
});
