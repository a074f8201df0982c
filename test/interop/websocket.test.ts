// WebSockets through edge, tunnel and connector over TLS: the ws package at both ends, judged message by message; and
// over HTTP/2 (RFC 8441) with node's own client.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { type ClientHttp2Session, connect } from 'node:http2';
import { request as httpsRequest } from 'node:https';
import { after, before, beforeEach, describe, test } from 'node:test';
import { type ClientOptions, WebSocket } from 'ws';
import { type Demo, startDemo } from '../support/demo.ts';
import { eventually, within } from '../support/eventually.ts';
import { loopbackLookup } from '../support/loopback-lookup.ts';
import { openRaw } from '../support/raw-client.ts';
import {
  acceptFor,
  binaryFrame,
  closeFrame,
  takeServerFrame,
  textFrame,
  webSocketFrame,
} from '../support/websocket-frames.ts';
import { bulkBytes, WebSocketOrigin } from './websocket-origin.ts';

const host = 'ws.localhost';
const waitMs = 5_000;

let origin: WebSocketOrigin;
let demo: Demo;

before(async () => {
  origin = await WebSocketOrigin.start();
  demo = await startDemo({ services: { [host]: origin.url } });
});
after(async () => {
  await demo.close();
  await origin.close();
});
beforeEach(async () => {
  await eventually('the connections of the test before are gone', () => origin.openCount === 0);
  origin.closes.length = 0;
  origin.pongs.length = 0;
});

function dial(path: string, options: ClientOptions = {}, protocols: string[] = []): WebSocket {
  const socket = new WebSocket(`wss://${host}:${demo.httpsPort}${path}`, protocols, {
    ca: demo.ca,
    lookup: loopbackLookup,
    ...options,
  });
  socket.on('error', () => undefined);
  return socket;
}

async function opened(
  path: string,
  options: ClientOptions = {},
  protocols: string[] = [],
): Promise<WebSocket> {
  const socket = dial(path, options, protocols);
  await within(`the WebSocket ${path} opens`, waitMs, once(socket, 'open'));
  return socket;
}

async function nextMessage(socket: WebSocket): Promise<{ data: Buffer; isBinary: boolean }> {
  const [data, isBinary] = (await within('a message', waitMs, once(socket, 'message'))) as [Buffer, boolean];
  return { data, isBinary };
}

async function closed(socket: WebSocket): Promise<{ code: number; reason: string }> {
  const [code, reason] = (await within('the close', waitMs, once(socket, 'close'))) as [number, Buffer];
  return { code, reason: reason.toString() };
}

describe('messages', () => {
  for (const withDeflate of [false, true]) {
    test(`of every size, text and binary, come back whole ${withDeflate ? 'deflated' : 'as they are'}`, async () => {
      const socket = await opened('/echo', { perMessageDeflate: withDeflate ? { threshold: 0 } : false });
      for (const size of [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20]) {
        const bytes = randomBytes(size);
        socket.send(bytes);
        const binary = await nextMessage(socket);
        assert.ok(binary.isBinary && binary.data.equals(bytes), `binary, ${size}`);
        const text = 'ä'.repeat(size / 2) + 'x'.repeat(size % 2);
        socket.send(text);
        const answer = await nextMessage(socket);
        assert.ok(!answer.isBinary && answer.data.toString() === text, `text, ${size}`);
      }
      socket.close();
    });
  }

  test('in fragments arrive as one, both ways, with pings between them', async () => {
    const socket = await opened('/pieces');
    const pinged = once(socket, 'ping');
    const bytes = randomBytes(300_001);
    for (let at = 0; at < bytes.length; at += 50_000) {
      socket.send(bytes.subarray(at, at + 50_000), { fin: at + 50_000 >= bytes.length });
    }
    const { data } = await nextMessage(socket);
    assert.ok(data.equals(bytes));
    assert.equal(String((await pinged)[0]), 'between');
    socket.close();
  });

  test('are answered to pings of the client, and of the origin', async () => {
    const socket = await opened('/pieces');
    socket.ping('from the client');
    const [pong] = (await within('a pong', waitMs, once(socket, 'pong'))) as [Buffer];
    assert.equal(pong.toString(), 'from the client');
    await eventually('the origin has seen the ping', () => origin.pings.includes('from the client'));
    socket.send('a message in three pieces');
    await eventually('the origin has seen the pong', () => origin.pongs[0] === 'between');
    socket.close();
  });

  test('of 1 MiB each way on twenty sockets at once keep their bytes', async () => {
    const wanted = createHash('sha256').update(origin.bulk).digest('hex');
    const one = async (): Promise<void> => {
      const socket = dial('/bulk', { perMessageDeflate: false });
      const sent = randomBytes(bulkBytes);
      const hash = createHash('sha256');
      let received = 0;
      const answered = new Promise<string>((resolve) =>
        socket.on('message', (data: Buffer, isBinary: boolean) => {
          if (!isBinary) return resolve(data.toString());
          hash.update(data);
          received += data.length;
        }),
      );
      await within('the WebSocket opens', waitMs, once(socket, 'open'));
      for (let at = 0; at < bulkBytes; at += 65_536) socket.send(sent.subarray(at, at + 65_536));
      assert.equal(
        await within('the hash', 15_000, answered),
        `hash ${createHash('sha256').update(sent).digest('hex')}`,
      );
      await eventually('all of the origin’s bytes', () => received === bulkBytes);
      assert.equal(hash.digest('hex'), wanted);
      socket.close();
    };
    await Promise.all(Array.from({ length: 20 }, one));
  });
});

describe('the handshake', () => {
  test('negotiates permessage-deflate end to end; the edge neither adds nor removes it', async () => {
    const deflated = await opened('/echo', { perMessageDeflate: { threshold: 0 } });
    assert.match(deflated.extensions, /permessage-deflate/);
    assert.match(origin.latest.extensions, /permessage-deflate/);
    deflated.close();
    const plain = await opened('/echo', { perMessageDeflate: false });
    assert.equal(plain.extensions, '');
    assert.equal(origin.latest.extensions, '');
    plain.close();
  });

  test('brings the subprotocol that the origin chose, or none', async () => {
    const socket = await opened('/echo', {}, ['other', 'chat']);
    assert.equal(socket.protocol, 'chat');
    assert.equal(origin.latest.protocol, 'chat');
    socket.close();
    const refused = dial('/echo', {}, ['other']);
    const [error] = (await within('the error', waitMs, once(refused, 'error'))) as [Error];
    assert.match(error.message, /no subprotocol/);
  });

  test('refused by the origin brings its status and body; a new connection serves on', async () => {
    const socket = dial('/refuse');
    const [, response] = (await within('the refusal', waitMs, once(socket, 'unexpected-response'))) as [
      unknown,
      IncomingMessage,
    ];
    assert.equal(response.statusCode, 403);
    let body = '';
    for await (const chunk of response.setEncoding('utf8')) body += String(chunk);
    assert.equal(body, 'not you\n');
    assert.equal(await plainBody('/next'), 'plain /next');
  });

  test('may be followed by the origin’s first message in the same packet', async () => {
    for (let i = 0; i < 20; i++) {
      const socket = dial('/hello');
      assert.equal((await nextMessage(socket)).data.toString(), 'hello at once');
      socket.terminate();
    }
  });

  test('may be followed by the client’s first message in the same packet', async () => {
    const client = await openRaw({ port: demo.httpsPort, tls: { serverName: host, ca: demo.ca } });
    const key = randomBytes(16).toString('base64');
    const head =
      `GET /echo HTTP/1.1\r\nHost: ${host}:${demo.httpsPort}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`;
    client.send(Buffer.concat([Buffer.from(head), webSocketFrame(textFrame, Buffer.from('early'), true)]));
    const text = await client.waitFor('early');
    assert.ok(text.includes(acceptFor(key)));
    client.close();
  });
});

describe('the end', () => {
  for (const [code, reason] of [
    [1000, ''],
    [1001, 'going away'],
    [1011, 'oh'],
    [3000, 'registered'],
    [4999, 'ü'.repeat(61)],
  ] as const) {
    test(`by the client with ${code} ${reason.slice(0, 12)} reaches the origin, and the other way round`, async () => {
      const leaving = await opened('/close');
      leaving.close(code, reason);
      assert.equal((await closed(leaving)).code, code);
      await eventually('the origin has seen the close', () => origin.closes.length > 0);
      assert.deepEqual(origin.closes[0], { code, reason });
      const left = await opened('/close');
      left.send(reason === '' ? String(code) : `${code} ${reason}`);
      assert.deepEqual(await closed(left), { code, reason });
    });
  }

  test('without a code is 1005 on both sides', async () => {
    const leaving = await opened('/close');
    leaving.close();
    assert.equal((await closed(leaving)).code, 1005);
    await eventually('the origin has seen the close', () => origin.closes[0]?.code === 1005);
    const left = await opened('/close');
    left.send('');
    assert.equal((await closed(left)).code, 1005);
  });

  test('without a close frame is 1006 on the other side', async () => {
    (await opened('/echo')).terminate();
    await eventually('the origin has seen it', () => origin.closes[0]?.code === 1006);
    const left = await opened('/close');
    left.send('terminate');
    assert.equal((await closed(left)).code, 1006);
  });

  test('of the client’s half lets the origin say its last words', async () => {
    const client = await openRaw({ port: demo.httpsPort, tls: { serverName: host, ca: demo.ca } });
    client.send(
      `GET /last HTTP/1.1\r\nHost: ${host}:${demo.httpsPort}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    await client.waitFor('hello at once');
    client.socket.end();
    await eventually('the origin has seen the FIN', () => origin.closes[0]?.reason === 'FIN');
    await client.waitFor('last words');
    assert.equal(await client.waitForClose(), 'closed');
  });

  test('of three hundred quick connections leaves none behind', async () => {
    for (let round = 0; round < 15; round++) {
      await Promise.all(
        Array.from({ length: 20 }, async () => {
          const socket = await opened('/echo');
          socket.close(1000, 'quick');
          assert.equal((await closed(socket)).code, 1000);
        }),
      );
    }
    await eventually('the origin has seen all', () => origin.closes.length === 300);
    assert.ok(origin.closes.every(({ code, reason }) => code === 1000 && reason === 'quick'));
    assert.equal(origin.openCount, 0);
    await eventually('the edge counts no request', async () => (await activeRequests()) === 0);
  });
});

describe('over HTTP/2', () => {
  /** Opens one WebSocket on a new session and gathers its frames. */
  async function openStream(path: string) {
    const session = connect(`https://${host}:${demo.httpsPort}`, {
      ca: demo.ca,
      lookup: loopbackLookup,
    } as never);
    session.on('error', () => undefined);
    await within('the settings', waitMs, once(session, 'remoteSettings'));
    assert.equal(session.remoteSettings.enableConnectProtocol, true);
    const stream = session.request({
      ':method': 'CONNECT',
      ':protocol': 'websocket',
      ':path': path,
      'sec-websocket-version': '13',
      origin: `https://${host}`,
    });
    const frames: { opcode: number; payload: Buffer }[] = [];
    let pending = Buffer.alloc(0);
    stream.on('data', (chunk: Buffer) => {
      pending = Buffer.concat([pending, chunk]);
      for (let frame = takeServerFrame(pending); frame !== undefined; frame = takeServerFrame(pending)) {
        frames.push(frame);
        pending = Buffer.from(frame.rest);
      }
    });
    const [headers] = (await within('the answer', waitMs, once(stream, 'response'))) as [
      Record<string, unknown>,
    ];
    return { session, stream, frames, status: headers[':status'] };
  }

  test('messages of every size come back, and the close code with its reason', async () => {
    const { session, stream, frames, status } = await openStream('/echo');
    assert.equal(status, 200);
    for (const size of [0, 1, 125, 126, 65_535, 65_536, 1 << 20]) {
      const payload = randomBytes(size);
      frames.length = 0;
      stream.write(webSocketFrame(binaryFrame, payload, true));
      const [echoed] = await eventually(`the echo of ${size}`, () => frames.length > 0 && frames);
      assert.ok(echoed!.opcode === binaryFrame && echoed!.payload.equals(payload), String(size));
    }
    frames.length = 0;
    const close = Buffer.concat([Buffer.from([4001 >> 8, 4001 & 0xff]), Buffer.from('done')]);
    stream.write(webSocketFrame(closeFrame, close, true));
    await eventually('the close comes back', () => frames[0]?.opcode === closeFrame);
    await endOf(session, stream);
    await eventually('the origin has seen the close', () => origin.closes.length > 0);
    assert.deepEqual(origin.closes[0], { code: 4001, reason: 'done' });
  });

  test('the origin’s first message comes with the answer', async () => {
    const { session, stream, frames } = await openStream('/hello');
    await eventually('the message', () => frames[0]?.payload.toString() === 'hello at once');
    await endOf(session, stream);
  });

  test('a refusal brings its status, and the session serves on', async () => {
    const { session, status } = await openStream('/refuse');
    assert.equal(status, 403);
    const next = session.request({ ':path': '/next' });
    let body = '';
    for await (const chunk of next.setEncoding('utf8')) body += String(chunk);
    assert.equal(body, 'plain /next');
    session.close();
  });

  async function endOf(session: ClientHttp2Session, stream: { end(): void }): Promise<void> {
    stream.end();
    session.close();
    await within('the session ends', waitMs, once(session, 'close'));
  }
});

/** A request on a connection of its own. */
function plainBody(path: string): Promise<string> {
  const options = { port: demo.httpsPort, host, path, ca: demo.ca, lookup: loopbackLookup, agent: false };
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(options, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('end', () => resolve(body));
    });
    outgoing.on('error', reject).end();
  });
}

function activeRequests(): Promise<number> {
  return new Promise((resolve, reject) => {
    get(demo.metrics.edge, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        const found = /^sallyport_edge_requests_active(?:\{[^}]*\})? (\d+)/m.exec(text);
        if (found) resolve(Number(found[1]));
        else reject(new Error('the edge does not count active requests'));
      });
    }).on('error', reject);
  });
}
