// Bytes through a real tunnel to real origins: both directions, half-close, backpressure, failures.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { type EdgeSide, startEdgeSide } from './edge-side.ts';
import { closedPort, echo, startOrigin, type TestOrigin } from './origins.ts';
import { startWorld, until, type World } from './world.ts';

let edge: EdgeSide;
before(async () => {
  edge = await startEdgeSide();
});
after(() => edge.close());

async function withRules(ingress: string, run: (world: World) => Promise<void>): Promise<void> {
  const world = await startWorld(edge, ingress);
  try {
    await world.connector.connected();
    await until(() => edge.connections.length > 0, 'the edge has the rules');
    await run(world);
  } finally {
    await world.connector.close();
  }
}

async function withOrigin(
  serve: Parameters<typeof startOrigin>[0],
  run: (origin: TestOrigin) => Promise<void>,
): Promise<void> {
  const origin = await startOrigin(serve);
  try {
    await run(origin);
  } finally {
    origin.close();
  }
}

test('bytes go both ways and each direction ends by itself', () =>
  withOrigin(
    (socket) => {
      let seen = '';
      socket.on('data', (chunk) => (seen += String(chunk)));
      socket.on('end', () => socket.end(`got ${seen.length}`));
    },
    (origin) =>
      withRules(`  - service: tcp://127.0.0.1:${origin.port}\n`, async () => {
        const probe = edge.open(0);
        probe.send('hello ');
        probe.send('world');
        probe.stream.end();
        await until(() => probe.isEnded, 'the origin has ended');
        assert.equal(probe.text, 'got 11');
        assert.equal(probe.isOpened, true);
        assert.equal(probe.reset, undefined);
      }),
  ));

test('a name with two addresses is reached at the one that answers', () =>
  withOrigin(echo, (origin) =>
    withRules(`  - service: http://localhost:${origin.port}\n`, async () => {
      const probe = edge.open(0);
      probe.send('ping');
      await until(() => probe.text === 'ping', 'echo');
      probe.stream.reset('cancelled');
      await until(() => origin.sockets.every((socket) => socket.destroyed), 'the origin sees the end');
    }),
  ));

test('8 MB each way arrive whole, through windows and sockets smaller than that', () =>
  withOrigin(echo, (origin) =>
    withRules(`  - service: http://127.0.0.1:${origin.port}\n`, async () => {
      const probe = edge.open(0);
      const block = Buffer.alloc(32_768, 'x');
      for (let sent = 0; sent < 256;) {
        const drains = probe.drains;
        sent += 1;
        if (!probe.stream.write(block, false)) await until(() => probe.drains > drains, 'drain');
      }
      probe.stream.end();
      await until(() => probe.isEnded, 'all is back', 20_000);
      assert.equal(probe.byteCount, 256 * 32_768);
    }),
  ));

test('an origin that does not read stops the sender, and nothing is lost when it goes on', () =>
  withOrigin(
    (socket) => void socket.pause(),
    (origin) =>
      withRules(`  - service: http://127.0.0.1:${origin.port}\n`, async () => {
        const probe = edge.open(0);
        const block = Buffer.alloc(65_536, 'y');
        let sent = 0;
        for (let drains = -1; drains !== probe.drains;) {
          drains = probe.drains;
          do sent += 1;
          while (probe.stream.write(block, false) && sent < 2000);
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
        assert.ok(sent < 400, `the sender was stopped after ${sent} blocks`);
        let received = 0;
        const socket = origin.sockets[0]!;
        socket.on('data', (chunk) => (received += chunk.length)).resume();
        await until(() => received === sent * 65_536, 'everything arrives');
      }),
  ));

test('a client that does not read stops the origin', () =>
  withOrigin(
    (socket) => {
      const block = Buffer.alloc(65_536, 'z');
      const fill = (): void => {
        while (socket.write(block));
      };
      socket.on('drain', fill);
      fill();
    },
    (origin) =>
      withRules(`  - service: http://127.0.0.1:${origin.port}\n`, async () => {
        const probe = edge.open(0);
        probe.isReading = false;
        probe.keepsChunks = false;
        let before = -1;
        while (probe.byteCount !== before || before <= 0) {
          before = probe.byteCount;
          await new Promise((resolve) => setTimeout(resolve, 100));
        }
        const stalledAt = origin.sockets[0]!.bytesWritten;
        await new Promise((resolve) => setTimeout(resolve, 100));
        assert.equal(origin.sockets[0]!.bytesWritten, stalledAt);
        assert.ok(probe.byteCount <= 512 * 1024, `${probe.byteCount} bytes came without credit`);
        probe.isReading = true;
        probe.stream.consume(probe.byteCount);
        await until(() => probe.byteCount > before, 'it goes on');
        probe.stream.reset('cancelled');
      }),
  ));

test('an origin that refuses is told apart, with its address', async () => {
  const port = await closedPort();
  await withRules(`  - service: http://127.0.0.1:${port}\n`, async ({ logged }) => {
    const probe = edge.open(0);
    await until(() => probe.reset !== undefined, 'reset');
    assert.deepEqual(probe.reset, { reason: 'origin-refused', detail: `127.0.0.1:${port}: ECONNREFUSED` });
    assert.ok(logged.some((line) => line.includes('Unable to reach the origin service')));
  });
});

test('a name that does not exist and a socket that is missing are unreachable', () =>
  withRules(
    '  - hostname: a.example.com\n    service: http://no-such-host.invalid:80\n  - service: unix:/nonexistent/x.sock\n',
    async () => {
      const byName = edge.open(0);
      const bySocket = edge.open(1);
      await until(() => byName.reset !== undefined && bySocket.reset !== undefined, 'resets', 15_000);
      assert.equal(byName.reset!.reason, 'origin-unreachable');
      assert.deepEqual(bySocket.reset, {
        reason: 'origin-unreachable',
        detail: '/nonexistent/x.sock: ENOENT',
      });
    },
  ));

test('an origin that never completes the TLS handshake times out after tlsTimeout', () =>
  withOrigin(
    () => {},
    (origin) =>
      withRules(
        `  - service: https://127.0.0.1:${origin.port}\n    originRequest: {tlsTimeout: 80ms}\n`,
        async () => {
          const probe = edge.open(0);
          await until(() => probe.reset !== undefined, 'reset');
          assert.equal(probe.reset!.reason, 'origin-timeout');
        },
      ),
  ));

test('an origin that speaks no TLS fails as TLS', () =>
  withOrigin(
    (socket) => void socket.end('plain text\r\n'),
    (origin) =>
      withRules(`  - service: https://127.0.0.1:${origin.port}\n`, async () => {
        const probe = edge.open(0);
        await until(() => probe.reset !== undefined, 'reset');
        assert.equal(probe.reset!.reason, 'origin-tls');
      }),
  ));

test('an origin that breaks off mid-way is lost, not ended', () =>
  withOrigin(
    (socket) => {
      socket.write('half of');
      socket.once('data', () => socket.resetAndDestroy());
    },
    (origin) =>
      withRules(`  - service: tcp://127.0.0.1:${origin.port}\n`, async () => {
        const probe = edge.open(0);
        await until(() => probe.text === 'half of', 'the first half');
        probe.send('go on');
        await until(() => probe.reset !== undefined, 'reset');
        assert.equal(probe.reset!.reason, 'origin-lost');
        assert.equal(probe.isEnded, false);
      }),
  ));

test('a rule that does not exist and a version that is unknown are refused', () =>
  withRules('  - service: http_status:404\n', async () => {
    const wrongIndex = edge.open(7);
    const wrongVersion = edge.open(0, { rulesVersion: 99 });
    await until(() => wrongIndex.reset !== undefined && wrongVersion.reset !== undefined, 'resets');
    assert.equal(wrongIndex.reset!.reason, 'no-such-rule');
    assert.equal(wrongVersion.reset!.reason, 'stale-rules');
  }));

test('http_status answers with its status and an empty body, more than once on a stream', () =>
  withRules('  - service: http_status:418\n', async () => {
    const probe = edge.open(0);
    probe.send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => probe.text.includes('\r\n\r\n'), 'answer');
    assert.match(probe.text, /^HTTP\/1.1 418 /);
    assert.match(probe.text, /content-length: 0/i);
    probe.send('POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc');
    await until(() => probe.text.split('HTTP/1.1 418').length === 3, 'second answer');
    assert.equal(probe.reset, undefined);
  }));

test('hello_world shows what it was asked, escaped', () =>
  withRules('  - service: hello_world\n', async () => {
    const probe = edge.open(0);
    probe.send('GET /<b> HTTP/1.1\r\nHost: app.example.com\r\nConnection: close\r\n\r\n');
    await until(() => probe.text.includes('</html>'), 'page');
    assert.match(probe.text, /The tunnel works/);
    assert.match(probe.text, /app\.example\.com/);
    assert.ok(probe.text.includes('/&lt;b&gt;') && !probe.text.includes('/<b>'));
  }));

test('proxyProtocol sends the client address before anything else', () =>
  withOrigin(echo, (origin) =>
    withRules(
      `  - service: http://127.0.0.1:${origin.port}\n    originRequest: {proxyProtocol: v1}\n`,
      async () => {
        const probe = edge.open(0);
        probe.send('GET');
        await until(() => probe.text.endsWith('GET'), 'echo');
        assert.equal(probe.text, 'PROXY TCP4 203.0.113.7 198.51.100.1 50123 443\r\nGET');
      },
    ),
  ));

test('a stream that the client gives up while the origin is being dialled leaves nothing open', () =>
  withOrigin(echo, (origin) =>
    withRules(`  - service: http://127.0.0.1:${origin.port}\n`, async ({ connector }) => {
      const probe = edge.open(0);
      probe.stream.reset('cancelled');
      await until(() => connector.state().openStreams === 0, 'no stream is counted');
      await Promise.all(origin.sockets.map(async (socket) => socket.destroyed || once(socket, 'close')));
    }),
  ));
