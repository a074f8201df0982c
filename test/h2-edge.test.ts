// HTTP/2 through everything: real clients, the demo's edge, tunnel and connector, real origins.
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
import * as grpc from '@grpc/grpc-js';
import { WebSocketServer } from 'ws';
import { startDemo } from '#roles/demo.ts';
import type { RunningDemo } from '#roles/demo.ts';

const cleanUp: Array<() => unknown> = [];
let demo: RunningDemo;
let ca: Buffer;

before(async () => {
  const dataDir = mkdtempSync(join(tmpdir(), 'sallyport-h2-'));
  const http1 = await startHttp1Origin();
  const http2 = await startHttp2Origin();
  const grpcPort = await startGrpcOrigin();
  demo = await startDemo({
    httpsPort: 0,
    httpPort: 0,
    dataDir,
    services: [
      { hostname: 'h1.localhost', service: `http://127.0.0.1:${http1}` },
      { hostname: 'h2.localhost', service: `h2c://127.0.0.1:${http2}` },
      { hostname: 'grpc.localhost', service: `h2c://127.0.0.1:${grpcPort}` },
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

const bytesOut = (value: Buffer): Buffer => value;
const method = (
  path: string,
  requestStream: boolean,
  responseStream: boolean,
): grpc.MethodDefinition<Buffer, Buffer> => ({
  path,
  requestStream,
  responseStream,
  requestSerialize: bytesOut,
  requestDeserialize: bytesOut,
  responseSerialize: bytesOut,
  responseDeserialize: bytesOut,
});
const echoService = {
  unary: method('/test.Echo/Unary', false, false),
  fail: method('/test.Echo/Fail', false, false),
  chat: method('/test.Echo/Chat', true, true),
  hang: method('/test.Echo/Hang', false, false),
};
let hangCancelled = 0;

async function startGrpcOrigin(): Promise<number> {
  const server = new grpc.Server();
  const unary: grpc.handleUnaryCall<Buffer, Buffer> = (call, done) => {
    const trailer = new grpc.Metadata();
    trailer.set('x-trailer', 'end');
    done(null, Buffer.concat([Buffer.from('echo '), call.request]), trailer);
  };
  const fail: grpc.handleUnaryCall<Buffer, Buffer> = (_call, done) =>
    done({ code: grpc.status.NOT_FOUND, details: 'no such thing' });
  const chat: grpc.handleBidiStreamingCall<Buffer, Buffer> = (call) => {
    call.on('data', (message: Buffer) => call.write(message));
    call.on('end', () => call.end());
  };
  const hang: grpc.handleUnaryCall<Buffer, Buffer> = (call) =>
    void call.on('cancelled', () => (hangCancelled += 1));
  server.addService(echoService, { unary, fail, chat, hang });
  cleanUp.push(() => server.forceShutdown());
  return new Promise((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', grpc.ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
  });
}

function session(hostname: string): ClientHttp2Session {
  const { port } = new URL(demo.ready.https);
  const opened = connect(`https://${hostname}:${port}`, { ca, lookup: toLoopback } as never);
  opened.on('error', () => {});
  cleanUp.push(() => opened.destroy());
  return opened;
}

function toLoopback(_name: string, options: { all?: boolean }, done: (...args: unknown[]) => void): void {
  if (options.all === true) done(null, [{ address: '127.0.0.1', family: 4 }]);
  else done(null, '127.0.0.1', 4);
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

describe('gRPC through edge, tunnel and connector', () => {
  function client(): grpc.Client {
    const { port } = new URL(demo.ready.https);
    const made = new grpc.Client(`127.0.0.1:${port}`, grpc.credentials.createSsl(ca), {
      'grpc.ssl_target_name_override': 'grpc.localhost',
      'grpc.default_authority': 'grpc.localhost',
    });
    cleanUp.push(() => made.close());
    return made;
  }

  const unary = (
    path: string,
    deadlineMs = 5_000,
  ): Promise<{ value?: Buffer; error?: grpc.ServiceError; status?: grpc.StatusObject }> =>
    new Promise((resolve) => {
      let status: grpc.StatusObject | undefined;
      let result: { value?: Buffer; error?: grpc.ServiceError } = {};
      const call = client().makeUnaryRequest(
        path,
        bytesOut,
        bytesOut,
        Buffer.from('x'),
        new grpc.Metadata(),
        { deadline: Date.now() + deadlineMs },
        (error, value) => (result = error ? { error } : { value }),
      );
      call.on('status', (received: grpc.StatusObject) => {
        status = received;
        setImmediate(() => resolve({ ...result, status }));
      });
    });

  test('a unary call brings its answer and its trailers', async () => {
    const { value, status } = await unary('/test.Echo/Unary');
    assert.equal(value?.toString(), 'echo x');
    assert.deepEqual(status?.metadata.get('x-trailer'), ['end']);
  });

  test('an error comes back as the origin said it', async () => {
    const { error } = await unary('/test.Echo/Fail');
    assert.equal(error?.code, grpc.status.NOT_FOUND);
    assert.equal(error?.details, 'no such thing');
  });

  test('an unknown method is the origin’s to answer', async () => {
    const { error } = await unary('/test.Echo/Nothing');
    assert.equal(error?.code, grpc.status.UNIMPLEMENTED);
  });

  test('a deadline cancels the call at the origin', async () => {
    const { error } = await unary('/test.Echo/Hang', 300);
    assert.equal(error?.code, grpc.status.DEADLINE_EXCEEDED);
    const deadline = Date.now() + 3_000;
    while (hangCancelled === 0 && Date.now() < deadline)
      await new Promise((resolve) => setTimeout(resolve, 10));
    assert.equal(hangCancelled, 1);
  });

  test('a two-way stream passes each message as it comes', async () => {
    const call = client().makeBidiStreamRequest('/test.Echo/Chat', bytesOut, bytesOut);
    for (const word of ['one', 'two', 'three']) {
      call.write(Buffer.from(word));
      const [message] = (await once(call, 'data')) as [Buffer];
      assert.equal(message.toString(), word);
    }
    const ended = once(call, 'end');
    call.end();
    await ended;
  });
});
