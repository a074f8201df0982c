// Slow and silent peers: each wait of the edge has its limit, and a client that does not read stops its own origin only.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test, type TestContext } from 'node:test';
import type { EdgeTimeouts } from '#model/edge-snapshot.ts';
import type { Socket } from 'node:net';
import { type TestOrigin, startOrigin } from '../connector/origins.ts';
import { eventually, pause } from '../support/eventually.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, responsesOf, startEdgeWorld } from './world.ts';

let origin: RecordingOrigin;
/** Answers /bulk with `bulkBytes`, swallows /sink and says its hash, never reads /stuck, never answers /silent. */
let raw: TestOrigin;
const bulkBytes = 64 * 1024 * 1024;
let bulkSent = 0;

before(async () => {
  origin = await RecordingOrigin.start();
  raw = await startOrigin(serve);
});
after(async () => {
  raw.close();
  await origin.close();
});

/** A world of the test's own: with a short limit for what it looks at, and for all else limits that a busy machine keeps. */
async function worldWith(t: TestContext, limits: Partial<EdgeTimeouts> = {}): Promise<EdgeWorld> {
  const world = await startEdgeWorld({
    ingress:
      `  - hostname: a.test\n    service: ${origin.url}\n` +
      `  - hostname: raw.test\n    service: http://127.0.0.1:${raw.port}\n`,
    hosts: ['a.test', 'raw.test'],
    timeouts: limits,
  });
  t.after(() => world.close());
  return world;
}

function serve(socket: Socket): void {
  socket.once('data', (first: Buffer) => {
    const text = first.toString('latin1');
    if (text.includes(' /bulk')) sendBulk(socket);
    else if (text.includes(' /sink')) swallow(socket, first);
    else if (text.includes(' /stuck')) socket.pause();
    else if (text.includes(' /upgrade'))
      socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n');
  });
}

function sendBulk(socket: Socket): void {
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${bulkBytes}\r\n\r\n`);
  const piece = Buffer.alloc(65_536, 'bulk');
  let left = bulkBytes;
  bulkSent = 0;
  const more = (): void => {
    while (left > 0) {
      left -= piece.length;
      bulkSent += piece.length;
      if (!socket.write(piece)) break;
    }
  };
  socket.on('drain', more);
  more();
}

function swallow(socket: Socket, first: Buffer): void {
  const bodyStart = first.indexOf('\r\n\r\n') + 4;
  const length = Number(/content-length: (\d+)/i.exec(first.toString('latin1'))![1]);
  const hash = createHash('sha256');
  let got = 0;
  const take = (chunk: Buffer): void => {
    hash.update(chunk);
    got += chunk.length;
    if (got < length) return;
    const sum = hash.digest('hex');
    socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${sum.length}\r\n\r\n${sum}`);
  };
  take(first.subarray(bodyStart));
  socket.on('data', take);
}

describe('a client', () => {
  test('that sends nothing at all is let go without a word', async (t) => {
    const world = await worldWith(t, { headMs: 800 });
    const client = await world.client();
    assert.equal(await client.waitForClose(), 'closed');
    assert.equal(client.text, '');
  });

  test('that never finishes its TLS handshake is let go', async (t) => {
    const world = await worldWith(t, { handshakeMs: 600 });
    const client = await world.plainClient(world.port);
    client.send(Buffer.from([0x16, 0x03, 0x01]));
    assert.notEqual(await client.waitForClose(), 'open');
  });

  test('that drips its head byte by byte gets 408: the limit is for the whole head', async (t) => {
    const world = await worldWith(t, { headMs: 800 });
    const client = await world.client();
    let isOver = false;
    const drip = (async () => {
      for (let i = 0; !isOver && i < 200; i++) {
        client.send(i === 0 ? 'GET / HTTP/1.1\r\nX: ' : 'y');
        await pause(25);
      }
    })();
    await responsesOf(client, 1);
    isOver = true;
    assert.match(client.text, /^HTTP\/1\.1 408 /);
    await client.waitForClose();
    await drip;
  });

  test('that was served and then is idle is let go without a word, a stray CRLF notwithstanding', async (t) => {
    const world = await worldWith(t, { keepAliveMs: 800 });
    const client = await world.client();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n\r\n');
    await responsesOf(client, 1);
    assert.equal(await client.waitForClose(), 'closed');
    assert.match(client.text, /ok$/);
  });

  test('that stops in its body gets 408', async (t) => {
    const world = await worldWith(t, { bodyIdleMs: 1200 });
    const client = await world.client('raw.test');
    client.send('POST /sink HTTP/1.1\r\nHost: raw.test\r\nContent-Length: 10\r\n\r\nabc');
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.status, 408);
    assert.equal(response!.fields['x-sallyport-error'], 'request-timeout');
  });

  test('whose origin does not read the body gets 504', async (t) => {
    const world = await worldWith(t, { bodyIdleMs: 1200 });
    const client = await world.client('raw.test');
    client.send('POST /stuck HTTP/1.1\r\nHost: raw.test\r\nContent-Length: 64000000\r\n\r\n');
    client.send(Buffer.alloc(64_000_000));
    await client.waitFor('HTTP/1.1 504 ', 30_000);
    assert.match(client.text, /X-Sallyport-Error: origin-timeout/);
    await client.waitForClose();
  });

  test('whose origin does not answer gets 504', async (t) => {
    const world = await worldWith(t, { firstByteMs: 900 });
    const client = await world.client('raw.test');
    client.send('GET /silent HTTP/1.1\r\nHost: raw.test\r\n\r\n');
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.fields['x-sallyport-error'], 'origin-timeout');
  });

  test('whose origin does not answer an upgrade gets 504', async (t) => {
    const world = await worldWith(t, { firstByteMs: 900 });
    const client = await world.client('raw.test');
    client.send(
      'GET /silent HTTP/1.1\r\nHost: raw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.fields['x-sallyport-error'], 'origin-timeout');
  });

  test('with an idle upgraded connection is let go', async (t) => {
    const world = await worldWith(t, { upgradeIdleMs: 900 });
    const client = await world.client('raw.test');
    client.send(
      'GET /upgrade HTTP/1.1\r\nHost: raw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    await client.waitFor(' 101 ');
    assert.notEqual(await client.waitForClose(), 'open');
  });

  test('that asks and asks without reading is not read either', async (t) => {
    const world = await worldWith(t);
    const client = await world.plainClient(world.plainPort);
    client.socket.pause();
    const asked = 'GET / HTTP/1.1\r\nHost: nowhere.test\r\n\r\n'.repeat(1000);
    let sent = 0;
    const before = world.metric('sallyport_edge_requests_total');
    while (sent < 300 && client.socket.writableLength < 4_000_000) {
      client.send(asked);
      sent += 1;
      await pause(1);
    }
    const served = world.metric('sallyport_edge_requests_total') - before;
    assert.ok(served < 100_000, `${served} requests were served to a client that reads nothing`);
    client.close();
  });

  test('that does not read its answer stops its origin, not its neighbours, and is let go', async (t) => {
    const world = await worldWith(t, { bodyIdleMs: 1200 });
    const slow = await world.client('raw.test');
    slow.socket.pause();
    slow.send('GET /bulk HTTP/1.1\r\nHost: raw.test\r\n\r\n');
    await eventually('bytes flow', () => bulkSent > 1_000_000);
    for (let i = 1; i <= 20; i++) {
      const [response] = await world.ask('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n');
      assert.equal(response!.status, 200);
    }
    assert.ok(bulkSent < bulkBytes / 2, `${bulkSent} bytes were taken from the origin`);
    const line = await world.loggedLine('of the slow reader', ({ path }) => path === '/bulk');
    assert.match(String(line['detail']), /stopped reading/);
  });
});

test('64 MiB up and 64 MiB down at once arrive unharmed', async (t) => {
  const world = await worldWith(t);
  const down = await world.client('raw.test');
  const up = await world.client('raw.test');
  const hash = createHash('sha256');
  let received = 0;
  down.socket.removeAllListeners('data');
  down.socket.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    received += chunk.length;
  });
  const piece = Buffer.alloc(1 << 20, 'upload');
  const expected = createHash('sha256');
  const started = process.memoryUsage().rss;
  down.send('GET /bulk HTTP/1.1\r\nHost: raw.test\r\n\r\n');
  up.send(`POST /sink HTTP/1.1\r\nHost: raw.test\r\nContent-Length: ${64 * piece.length}\r\n\r\n`);
  for (let i = 0; i < 64; i++) {
    expected.update(piece);
    if (!up.socket.write(piece)) await new Promise((resolve) => up.socket.once('drain', resolve));
  }
  await eventually(
    'the upload is answered',
    () => up.text.includes('\r\n\r\n') && up.text.length > 64,
    20_000,
  );
  assert.equal(up.text.slice(-64), expected.digest('hex'));
  await eventually('the download is whole', () => received > bulkBytes, 20_000);
  const grownBytes = process.memoryUsage().rss - started;
  assert.ok(grownBytes < 150_000_000, `memory grew by ${grownBytes} bytes`);
});
