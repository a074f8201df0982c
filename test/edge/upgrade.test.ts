// Expect: 100-continue, early answers and upgrades: the moments when both directions of an HTTP/1.1 connection are in
// use at once and the end of one message is easily taken for the beginning of another.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, test } from 'node:test';
import type { Socket } from 'node:net';
import { WebSocket } from 'ws';
import { type TestOrigin, startOrigin } from '../connector/origins.ts';
import { eventually } from '../support/eventually.ts';
import { RecordingOrigin, plainAnswer } from '../support/recording-origin.ts';
import { type EdgeWorld, responsesOf, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
let origin: RecordingOrigin;
let raw: TestOrigin;
/** What the raw origin does with the next connection. */
let serve: (socket: Socket) => void;
let tcp: TestOrigin;

before(async () => {
  origin = await RecordingOrigin.start();
  raw = await startOrigin((socket) => serve(socket));
  tcp = await startOrigin((socket) => {
    socket.write('hello from tcp\n');
    socket.pipe(socket);
  });
  world = await startEdgeWorld({
    ingress:
      `  - hostname: a.test\n    service: ${origin.url}\n` +
      `  - hostname: raw.test\n    service: http://127.0.0.1:${raw.port}\n` +
      `  - hostname: tcp.test\n    service: tcp://127.0.0.1:${tcp.port}\n`,
    hosts: ['a.test', 'raw.test', 'tcp.test'],
    snapshot: { upgrades: ['tailscale-control-protocol'] },
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
  tcp.close();
  await origin.close();
});

/** Everything a raw origin's connection has received. */
function gather(socket: Socket): { text: string } {
  const got = { text: '' };
  socket.on('data', (chunk: Buffer) => (got.text += chunk.toString('latin1')));
  return got;
}

describe('Expect: 100-continue', () => {
  const head = 'POST /up HTTP/1.1\r\nHost: raw.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n';

  test("is passed on, and so is the origin's leave", async () => {
    let got = { text: '' };
    serve = (socket) => {
      got = gather(socket);
      socket.on('data', () => {
        if (got.text.endsWith('\r\n\r\n')) socket.write('HTTP/1.1 100 Continue\r\n\r\n');
        if (got.text.endsWith('body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    };
    const client = await world.client('raw.test');
    client.send(head);
    await client.waitFor('HTTP/1.1 100 Continue\r\n\r\n');
    assert.match(got.text, /\r\nExpect: 100-continue\r\n/);
    client.send('body');
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.status, 200);
    client.send(head);
    await client.waitFor(/ 100 .* 200 .* 100 /s);
    client.send('body');
    await responsesOf(client, 2);
    assert.equal(raw.sockets.length, 1);
  });

  for (const status of ['200 OK', '307 Temporary Redirect', '413 Content Too Large']) {
    test(`answered with ${status} at once: no request is read after it, body or not`, async () => {
      serve = (socket) =>
        socket.once('data', () => socket.write(`HTTP/1.1 ${status}\r\nContent-Length: 2\r\n\r\nno`));
      const client = await world.client('raw.test');
      client.send(head);
      const [response] = await responsesOf(client, 1);
      assert.equal(response!.status, Number(status.slice(0, 3)));
      assert.equal(response!.fields['connection'], 'close');
      client.send('GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n');
      assert.equal(await client.waitForClose(), 'closed');
      assert.equal(origin.requests.length, 0);
    });
  }

  test('ignored by the origin: a client that sends after a while is served', async () => {
    serve = (socket) => {
      const got = gather(socket);
      socket.on('data', () => {
        if (got.text.endsWith('body')) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
      });
    };
    const client = await world.client('raw.test');
    client.send(head);
    client.send('body');
    assert.equal((await responsesOf(client, 1))[0]!.status, 200);
  });

  test('other expectations are refused', async () => {
    const [response] = await world.ask(
      'POST / HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\nExpect: tea\r\n\r\n',
    );
    assert.equal(response!.status, 417);
  });
});

describe('an answer before the body is complete', () => {
  test('to a small body: the rest is read and the connection stays', async () => {
    serve = (socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'));
    const client = await world.client('raw.test');
    client.send('POST / HTTP/1.1\r\nHost: raw.test\r\nContent-Length: 6\r\n\r\nabc');
    assert.equal((await responsesOf(client, 1))[0]!.status, 403);
    client.send('defGET /next HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.equal((await responsesOf(client, 2))[1]!.status, 200);
    await eventually('the exchange is over', () => world.active === 0);
  });

  test('by an origin that then closes: the answer arrives whole', async () => {
    const page = 'x'.repeat(200_000);
    serve = (socket) =>
      socket.once('data', () =>
        socket.end(
          `HTTP/1.1 413 Content Too Large\r\nConnection: close\r\nContent-Length: ${page.length}\r\n\r\n${page}`,
        ),
      );
    const client = await world.client('raw.test');
    client.send('POST / HTTP/1.1\r\nHost: raw.test\r\nContent-Length: 400000\r\n\r\n' + 'y'.repeat(100_000));
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.body.length, page.length);
    client.send('y'.repeat(300_000));
    client.send('GET /next HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.equal((await responsesOf(client, 2))[1]!.status, 200);
  });

  test('to a large body that the origin does not read: answered, then closed', async () => {
    serve = (socket) =>
      socket.once('data', () => {
        socket.pause();
        socket.write('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
      });
    const client = await world.client('raw.test');
    client.send(`POST / HTTP/1.1\r\nHost: raw.test\r\nContent-Length: 8000000\r\n\r\n`);
    client.send(Buffer.alloc(8_000_000, 0x79));
    assert.equal((await responsesOf(client, 1))[0]!.status, 403);
    assert.notEqual(await client.waitForClose(), 'open');
  });

  test("of the edge's own, while the body comes in chunks", async () => {
    const client = await world.client();
    client.send('POST / HTTP/1.1\r\nHost: nowhere.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n');
    assert.equal((await responsesOf(client, 1))[0]!.status, 404);
    client.send('3\r\ndef\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
    assert.equal((await responsesOf(client, 2))[1]!.status, 200);
  });
});

describe('an upgrade', () => {
  const upgrade = (protocol: string, method = 'GET'): string =>
    `${method} /ws HTTP/1.1\r\nHost: raw.test\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n` +
    'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n';

  /** Accepts the upgrade and then sends everything back. */
  function accept(socket: Socket): void {
    const got = gather(socket);
    const onData = (): void => {
      const end = got.text.indexOf('\r\n\r\n');
      if (end < 0) return;
      socket.off('data', onData);
      socket.write(`HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`);
      if (got.text.length > end + 4) socket.write(got.text.slice(end + 4), 'latin1');
      socket.pipe(socket);
    };
    socket.on('data', onData);
  }

  for (const [protocol, method] of [
    ['websocket', 'GET'],
    ['tailscale-control-protocol', 'POST'],
  ] as const) {
    test(`to ${protocol} by ${method} passes bytes both ways, early ones too, and ends with both sides`, async () => {
      serve = accept;
      const client = await world.client('raw.test');
      client.send(`${upgrade(protocol, method)}early`);
      const text = await client.waitFor('early');
      assert.match(text, new RegExp(`^HTTP/1\\.1 101 .*Upgrade: ${protocol}\r\n`, 's'));
      client.send('late');
      await client.waitFor('earlylate');
      client.socket.end();
      assert.equal(await client.waitForClose(), 'closed');
      await eventually('the exchange is over', () => world.active === 0);
      const line = await world.loggedLine(
        'of the upgrade',
        ({ status, path }) => status === 101 && path === '/ws',
      );
      assert.equal(line['error'], undefined);
    });
  }

  test('that the origin refuses: the answer comes, and what follows is never read as a request', async () => {
    serve = (socket) =>
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno'));
    const client = await world.client('raw.test');
    client.send(`${upgrade('websocket')}GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n`);
    assert.equal(await client.waitForClose(), 'closed');
    assert.match(client.text, /^HTTP\/1\.1 200 OK\r\n.*Connection: close\r\n.*no$/s);
    assert.equal(origin.requests.length, 0);
    const line = await world.loggedLine(
      'of the refusal',
      ({ host, status }) => host === 'raw.test' && status === 200,
    );
    assert.equal(line['error'], undefined);
  });

  for (const protocol of ['h2c', 'foo', 'h2c, websocket']) {
    test(`to ${protocol} is not passed on, and nothing is read after the answer`, async () => {
      const client = await world.client();
      client.send(
        `GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: ${protocol}\r\n` +
          'HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\nPRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
      );
      assert.equal(await client.waitForClose(), 'closed');
      assert.equal((await responsesOf(client, 1)).length, 1);
      assert.doesNotMatch(origin.requests[0]!.raw, /upgrade|h2c|http2/i);
      assert.equal(origin.requests.length, 1);
    });
  }

  test('cut by the origin cuts the client', async () => {
    serve = accept;
    const client = await world.client('raw.test');
    client.send(`${upgrade('websocket')}x`);
    await client.waitFor(/\r\n\r\nx$/);
    raw.sockets[0]!.resetAndDestroy();
    assert.notEqual(await client.waitForClose(), 'open');
  });
});

describe('a TCP service behind a WebSocket', () => {
  function dial(): WebSocket {
    const headers = { host: 'tcp.test' };
    const options = { ca: world.ca, servername: 'tcp.test', headers };
    return new WebSocket(`wss://127.0.0.1:${world.port}/`, options);
  }

  test('carries bytes both ways, answers pings and closes properly', async () => {
    const socket = dial();
    let got = '';
    let pongs = 0;
    socket.on('message', (data: Buffer, isBinary) => {
      assert.equal(isBinary, true);
      got += data.toString('latin1');
    });
    socket.on('pong', () => (pongs += 1));
    await eventually('the greeting', () => got === 'hello from tcp\n');
    socket.ping('x');
    socket.send(Buffer.from('over'));
    socket.send(' and back');
    await eventually('the echo', () => got.endsWith('over and back') && pongs === 1);
    let code = 0;
    socket.on('close', (value) => (code = value));
    socket.close(1000);
    await eventually('closed', () => code === 1000);
    await eventually('the exchange is over', () => world.active === 0);
  });

  test('carries megabytes through a slow reader', async () => {
    const socket = dial();
    let received = 0;
    socket.on('message', (data: Buffer) => {
      received += data.length;
    });
    await new Promise((resolve) => socket.once('open', resolve));
    socket.pause();
    const sent = Buffer.alloc(3_000_000, 'abcdefgh');
    socket.send(sent);
    socket.resume();
    await eventually('all of it', () => received === sent.length + 15, 10_000);
    socket.close();
    await eventually('the exchange is over', () => world.active === 0);
  });

  test('tells the client why it hangs up on broken frames', async () => {
    const socket = dial();
    const closed = new Promise<number>((resolve) => socket.on('close', (code) => resolve(code)));
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('message', resolve));
    // An unmasked frame from a client.
    (socket as unknown as { _socket: Socket })._socket.write(Buffer.from([0x82, 0x01, 0x41]));
    assert.equal(await closed, 1002);
    await eventually('the exchange is over', () => world.active === 0);
  });

  test('asked without a WebSocket is refused', async () => {
    const [response] = await world.ask('GET / HTTP/1.1\r\nHost: tcp.test\r\n\r\n', {
      serverName: 'tcp.test',
    });
    assert.equal(response!.status, 400);
    assert.match(response!.body.toString(), /This service is reached by WebSocket only\./);
    for (const fields of [
      'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n',
      'Sec-WebSocket-Version: 13\r\n',
      'Sec-WebSocket-Key: short\r\nSec-WebSocket-Version: 13\r\n',
    ]) {
      const [refused] = await world.ask(
        `GET / HTTP/1.1\r\nHost: tcp.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n${fields}\r\n`,
        { serverName: 'tcp.test' },
      );
      assert.equal(refused!.status, 400, fields);
    }
  });
});
