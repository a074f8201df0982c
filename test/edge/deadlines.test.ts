// Slow and silent peers: each wait of the edge has its limit, and a client that does not read stops its own origin only.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import type { Socket } from 'node:net';
import { type TestOrigin, startOrigin } from '../connector/origins.ts';
import { eventually, pause } from '../support/eventually.ts';
import { RecordingOrigin } from '../support/recording-origin.ts';
import { type EdgeWorld, responsesOf, startEdgeWorld } from './world.ts';

let world: EdgeWorld;
let origin: RecordingOrigin;
/** Answers /bulk with `bulkBytes`, swallows /sink and says its hash, never reads /stuck, never answers /silent. */
let raw: TestOrigin;
const bulkBytes = 64 * 1024 * 1024;
let bulkSent = 0;

before(async () => {
  origin = await RecordingOrigin.start();
  raw = await startOrigin(serve);
  world = await startEdgeWorld({
    ingress:
      `  - hostname: a.test\n    service: ${origin.url}\n` +
      `  - hostname: raw.test\n    service: http://127.0.0.1:${raw.port}\n`,
    hosts: ['a.test', 'raw.test'],
    // Well above what a busy machine keeps an honest client of these tests waiting.
    timeouts: {
      headMs: 2_500,
      keepAliveMs: 2_500,
      bodyIdleMs: 3_500,
      firstByteMs: 2_500,
      upgradeIdleMs: 2_500,
    },
  });
});
after(async () => {
  await world.close();
  raw.close();
  await origin.close();
});

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

describe('a client', { concurrency: true }, () => {
  test('that sends nothing at all is let go without a word', async () => {
    const client = await world.client();
    assert.equal(await client.waitForClose(), 'closed');
    assert.equal(client.text, '');
  });

  test('that never finishes its TLS handshake is let go', async (context) => {
    // An edge of its own: nobody else must be held to so short a time.
    const impatient = await startEdgeWorld({
      ingress: '  - hostname: a.test\n    service: http_status:204',
      hosts: ['a.test'],
      timeouts: { handshakeMs: 600 },
    });
    context.after(() => impatient.close());
    const client = await impatient.plainClient(impatient.port);
    client.send(Buffer.from([0x16, 0x03, 0x01]));
    assert.notEqual(await client.waitForClose(), 'open');
  });

  test('that drips its head byte by byte gets 408: the limit is for the whole head', async () => {
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

  test('that was served and then is idle is let go without a word, a stray CRLF notwithstanding', async () => {
    const client = await world.client();
    client.send('GET / HTTP/1.1\r\nHost: a.test\r\n\r\n\r\n');
    await responsesOf(client, 1);
    assert.equal(await client.waitForClose(), 'closed');
    assert.match(client.text, /ok$/);
  });

  test('that stops in its body gets 408', async () => {
    const client = await world.client('raw.test');
    client.send('POST /sink HTTP/1.1\r\nHost: raw.test\r\nContent-Length: 10\r\n\r\nabc');
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.status, 408);
    assert.equal(response!.fields['x-sallyport-error'], 'request-timeout');
  });

  test('whose origin does not answer gets 504', async () => {
    const client = await world.client('raw.test');
    client.send('GET /silent HTTP/1.1\r\nHost: raw.test\r\n\r\n');
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.fields['x-sallyport-error'], 'origin-timeout');
  });

  test('whose origin does not answer an upgrade gets 504', async () => {
    const client = await world.client('raw.test');
    client.send(
      'GET /silent HTTP/1.1\r\nHost: raw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    const [response] = await responsesOf(client, 1);
    assert.equal(response!.fields['x-sallyport-error'], 'origin-timeout');
  });

  test('with an idle upgraded connection is let go', async () => {
    const client = await world.client('raw.test');
    client.send(
      'GET /upgrade HTTP/1.1\r\nHost: raw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    );
    await client.waitFor(' 101 ');
    assert.notEqual(await client.waitForClose(), 'open');
  });
});

// One after the other: each keeps the whole process busy.
describe('a client of much', () => {
  test('whose origin does not read the body gets 504', async () => {
    const client = await world.client('raw.test');
    client.send('POST /stuck HTTP/1.1\r\nHost: raw.test\r\nContent-Length: 64000000\r\n\r\n');
    client.send(Buffer.alloc(64_000_000));
    await client.waitFor('HTTP/1.1 504 ', 30_000);
    assert.match(client.text, /X-Sallyport-Error: origin-timeout/);
    await client.waitForClose();
  });

  test('that asks and asks without reading is not read either', async () => {
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

  test('that does not read its answer stops its origin, not its neighbours, and is let go', async () => {
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

test('64 MiB up and 64 MiB down at once arrive unharmed', async () => {
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
    60_000,
  );
  assert.equal(up.text.slice(-64), expected.digest('hex'));
  await eventually('the download is whole', () => received > bulkBytes, 60_000);
  const grownBytes = process.memoryUsage().rss - started;
  assert.ok(grownBytes < 150_000_000, `memory grew by ${grownBytes} bytes`);
});
