// Attacks on the HTTP/2 front by raw frames over TLS (facts: edge.md section 6): each ends in a closed or a bounded
// connection, is counted by its reason, and leaves a bystander's connection alone. Deadlines run on a fake clock.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ClientHttp2Session } from 'node:http2';
import {
  encodeFrame,
  frameFlags,
  frameTypes,
  getBlock,
  headerBlock,
  setting,
  word,
} from '#testkit/http2-frames.ts';
import { answer, fetchOver, frontWorld, responseHead, until } from '#testkit/http2-front-world.ts';
import type { FrontWorld, FrontWorldOptions, RawClient, RawOptions } from '#testkit/http2-front-world.ts';

const wholeHeaders = frameFlags.endHeaders | frameFlags.endStream;
const closedTotal = (reason: string): string =>
  `sallyport_http2_connections_closed_total{reason="${reason}"}`;

interface AttackOptions {
  readonly client?: RawOptions;
  /** The bystander's connection ends as well, as it should. */
  readonly endsAll?: boolean;
}

/** Runs an attack beside a bystander, who must be served before and after it. */
async function attack(
  options: FrontWorldOptions & AttackOptions,
  run: (world: FrontWorld, raw: RawClient) => Promise<void>,
): Promise<void> {
  const world = await frontWorld(options);
  try {
    const bystander: ClientHttp2Session = await world.client();
    assert.equal((await fetchOver(bystander, { ':path': '/bystander' })).headers[':status'], 200);
    await run(world, await world.raw(options.client));
    if (options.endsAll !== true) {
      assert.equal((await fetchOver(bystander, { ':path': '/bystander' })).headers[':status'], 200);
    }
  } finally {
    await world.close();
  }
}

/** Serves the bystander and leaves everyone else without an answer. */
const silentToAttackers: FrontWorldOptions['script'] = (upstream) => {
  if (upstream.request.path === '/bystander') answer(upstream.down, 'hello');
};

/** Moves the front's clock second by second, letting sockets work in between. */
async function pass(world: FrontWorld, seconds: number, between?: (second: number) => void): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    between?.(second);
    world.clock.advance(1_000);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Sends `count` frames made by `frame`, in writes of 100, and stops when the connection is gone. */
async function flood(raw: RawClient, count: number, frame: (index: number) => Buffer): Promise<number> {
  let sent = 0;
  while (sent < count && !raw.isClosed) {
    const batch: Buffer[] = [];
    for (let i = 0; i < 100 && sent < count; i++) batch.push(frame(sent++));
    await new Promise<void>((resolve) => {
      if (raw.isClosed || !raw.socket.writable) return resolve();
      raw.socket.write(Buffer.concat(batch), () => resolve());
    });
  }
  return sent;
}

const openAndReset = (index: number): Buffer => {
  const id = index * 2 + 1;
  return Buffer.concat([
    encodeFrame(frameTypes.headers, wholeHeaders, id, getBlock('a.test')),
    encodeFrame(frameTypes.rstStream, 0, id, word(8)),
  ]);
};

test('rapid reset (CVE-2023-44487) closes the connection within its budget', () =>
  attack({ script: silentToAttackers }, async (world, raw) => {
    await flood(raw, 20_000, openAndReset);
    await until(() => raw.isClosed);
    assert.equal(world.count(closedTotal('reset-flood')), 1);
    assert.deepEqual(world.ended, ['reset-flood'], 'and is told, for the log');
    assert.ok(world.upstreams.length < 1_000, `${world.upstreams.length} requests were started`);
  }));

test('rapid reset over many connections has one budget for their address', () =>
  attack({ script: silentToAttackers }, async (world, raw) => {
    const others = await Promise.all(Array.from({ length: 11 }, () => world.raw()));
    const all = [raw, ...others];
    await Promise.all(all.map((each) => flood(each, 20_000, openAndReset)));
    await until(() => all.every(({ isClosed }) => isClosed));
    assert.equal(world.count(closedTotal('reset-flood')), all.length);
    // 2,000 and what flows back; with a budget for each connection alone it would be 6,000.
    assert.ok(world.upstreams.length < 4_000, `${world.upstreams.length} requests were started`);
  }));

test('resets provoked from the server (MadeYouReset, CVE-2025-8671) count the same', () =>
  attack({ script: silentToAttackers }, async (world, raw) => {
    await flood(raw, 20_000, (index) => {
      const id = index * 2 + 1;
      return Buffer.concat([
        encodeFrame(frameTypes.headers, wholeHeaders, id, getBlock('a.test')),
        encodeFrame(frameTypes.windowUpdate, 0, id, word(0)),
      ]);
    });
    await until(() => raw.isClosed);
    assert.ok(world.upstreams.length < 1_000, `${world.upstreams.length} requests were started`);
  }));

test('a browser that cancels 1,000 images over minutes is served on', () =>
  attack({ script: silentToAttackers }, async (world, raw) => {
    await pass(world, 120, (second) => {
      if (second % 12 !== 0) return;
      for (let i = 0; i < 100; i++) raw.socket.write(openAndReset((second / 12) * 100 + i));
    });
    assert.equal(raw.isClosed, false);
    raw.send(frameTypes.headers, wholeHeaders, 9_001, getBlock('a.test', '/bystander'));
    await until(() => raw.frames.some((frame) => frame.type === frameTypes.data && frame.stream === 9_001));
  }));

test('a CONTINUATION flood closes the connection', () =>
  attack({}, async (world, raw) => {
    raw.send(frameTypes.headers, frameFlags.endStream, 1, getBlock('a.test'));
    const block = headerBlock([['x-fill', 'a'.repeat(1_000)]]);
    const sent = await flood(raw, 10_000, () => encodeFrame(frameTypes.continuation, 0, 1, block));
    await until(() => raw.isClosed);
    assert.ok(sent < 10_000);
    assert.equal(world.upstreams.length, 1);
  }));

test('empty CONTINUATION frames close the connection', () =>
  attack({}, async (world, raw) => {
    raw.send(frameTypes.headers, frameFlags.endStream, 1, getBlock('a.test'));
    await flood(raw, 10_000, () => encodeFrame(frameTypes.continuation, 0, 1, Buffer.alloc(0)));
    await until(() => raw.isClosed);
    assert.equal(world.upstreams.length, 1);
  }));

test('a PING flood closes the connection', () =>
  attack({}, async (world, raw) => {
    await flood(raw, 20_000, () => encodeFrame(frameTypes.ping, 0, 0, Buffer.alloc(8)));
    await until(() => raw.isClosed);
    assert.equal(world.count(closedTotal('ping-flood')), 1);
  }));

test('a client that measures bandwidth with PINGs while it downloads is served on', () =>
  attack(
    {
      script: (upstream) => {
        upstream.down.respond(responseHead(200, []));
        if (upstream.request.path === '/bystander') upstream.down.end(null);
      },
    },
    async (world, raw) => {
      raw.send(frameTypes.headers, wholeHeaders, 1, getBlock('a.test'));
      await until(() => world.upstreams.length === 2);
      for (let i = 0; i < 1_000; i++) {
        world.upstreams[1]!.down.body(Buffer.from('x'));
        raw.send(frameTypes.ping, 0, 0, Buffer.alloc(8));
        if (i % 50 === 0)
          await until(() => raw.frames.filter(({ type }) => type === frameTypes.ping).length >= i - 50);
      }
      await until(() => raw.frames.filter(({ type }) => type === frameTypes.ping).length === 1_000);
      assert.equal(raw.isClosed, false);
    },
  ));

test('a SETTINGS flood closes the connection', () =>
  attack({}, async (world, raw) => {
    await flood(raw, 20_000, () => encodeFrame(frameTypes.settings, 0, 0, setting(4, 65_535)));
    await until(() => raw.isClosed);
    assert.equal(world.count(closedTotal('settings-flood')), 1);
  }));

test('empty DATA frames close the connection or cost nothing that grows', () =>
  attack({ script: silentToAttackers }, async (world, raw) => {
    const block = headerBlock([
      [':method', 'POST'],
      [':scheme', 'https'],
      [':authority', 'a.test'],
      [':path', '/'],
    ]);
    raw.send(frameTypes.headers, frameFlags.endHeaders, 1, block);
    const before = process.memoryUsage().rss;
    await flood(raw, 50_000, () => encodeFrame(frameTypes.data, 0, 1, Buffer.alloc(0)));
    await pass(world, 65);
    assert.ok(process.memoryUsage().rss - before < 64e6);
    assert.equal(world.front.openStreams, 0);
  }));

test('streams above the limit are refused and do not pile up', () =>
  attack({ script: silentToAttackers, maxStreams: 10 }, async (world, raw) => {
    for (let i = 0; i < 50; i++) raw.send(frameTypes.headers, wholeHeaders, i * 2 + 1, getBlock('a.test'));
    await until(() => raw.frames.some(({ type }) => type === frameTypes.rstStream) || raw.isClosed);
    await pass(world, 1);
    assert.ok(world.front.openStreams <= 10);
  }));

test('a connection without SETTINGS is closed after five seconds', () =>
  attack({}, async (world, first) => {
    const silent = await world.raw({ silent: true });
    await until(() => world.front.openSessions === 3);
    await pass(world, 7);
    await until(() => silent.isClosed);
    assert.equal(first.isClosed, false);
    assert.equal(world.count(closedTotal('settings-timeout')), 1);
  }));

test('half a header block is closed in seconds, also when it drips', () =>
  attack({ script: silentToAttackers, client: { deaf: true } }, async (world, raw) => {
    const block = getBlock('a.test');
    raw.send(frameTypes.headers, frameFlags.endStream, 1, block.subarray(0, 10));
    await pass(world, 2);
    await until(() => raw.frames.some(({ type }) => type === frameTypes.settings));
    const frame = encodeFrame(frameTypes.continuation, 0, 1, block.subarray(10));
    await pass(world, 16, (second) => {
      if (second < frame.length - 1 && !raw.isClosed) raw.socket.write(frame.subarray(second, second + 1));
    });
    await until(() => raw.isClosed);
    assert.equal(world.count(closedTotal('header-block-timeout')), 1);
  }));

test('a client that never opens its window is cut after a minute, and its origin given up', () =>
  attack(
    {
      script: (upstream) => {
        if (upstream.request.path === '/bystander') return answer(upstream.down, 'hello');
        upstream.down.respond(responseHead(200, []));
        upstream.down.body(Buffer.alloc(100_000));
      },
    },
    async (world) => {
      const raw = await world.raw({ settings: setting(4, 0) });
      raw.send(frameTypes.headers, wholeHeaders, 1, getBlock('a.test'));
      await until(() => world.upstreams.length === 2);
      await pass(world, 64);
      await until(() => world.upstreams[1]!.abortReason !== undefined);
      assert.equal(world.count('sallyport_http2_streams_reset_total{reason="write-stall"}'), 1);
    },
  ));

test('an upload that stalls is answered 408 after a minute', () =>
  attack({ script: silentToAttackers }, async (world, raw) => {
    const block = headerBlock([
      [':method', 'POST'],
      [':scheme', 'https'],
      [':authority', 'a.test'],
      [':path', '/'],
      ['content-length', '100'],
    ]);
    raw.send(frameTypes.headers, frameFlags.endHeaders, 1, block);
    raw.send(frameTypes.data, 0, 1, Buffer.from('some'));
    await pass(world, 65);
    await until(() => world.upstreams[1]!.abortReason !== undefined);
    assert.equal(world.count('sallyport_http2_streams_reset_total{reason="read-stall"}'), 1);
    await until(() => raw.frames.some(({ type, stream }) => type === frameTypes.headers && stream === 1));
  }));

test('an idle connection is closed after three minutes, PINGs or not', () =>
  attack({ endsAll: true }, async (world, raw) => {
    await pass(world, 190, (second) => {
      if (second % 10 === 0 && !raw.isClosed) raw.send(frameTypes.ping, 0, 0, Buffer.alloc(8));
    });
    await until(() => raw.isClosed);
    assert.equal(world.count(closedTotal('idle')), 2);
  }));

test('a connection that answers no PING while it is served is given up', () =>
  attack({ script: silentToAttackers, client: { deaf: true } }, async (world, raw) => {
    raw.send(frameTypes.headers, wholeHeaders, 1, getBlock('a.test'));
    await until(() => world.upstreams.length === 2);
    await pass(world, 100);
    await until(() => raw.isClosed);
    assert.equal(world.count(closedTotal('unresponsive')), 1);
    assert.notEqual(world.upstreams[1]!.abortReason, undefined);
  }));

test('a drain lets streams under way finish and refuses new ones', () =>
  attack({ script: silentToAttackers, endsAll: true }, async (world, raw) => {
    raw.send(frameTypes.headers, wholeHeaders, 1, getBlock('a.test'));
    await until(() => world.upstreams.length === 2);
    world.front.drain();
    await pass(world, 5);
    assert.equal(
      raw.frames.some(({ type }) => type === frameTypes.goaway),
      false,
    );
    await pass(world, 10);
    await until(() => raw.frames.some(({ type }) => type === frameTypes.goaway));
    assert.equal(raw.frames.find(({ type }) => type === frameTypes.goaway)!.payload.readUInt32BE(), 1);
    assert.equal(raw.isClosed, false);
    answer(world.upstreams[1]!.down, 'late');
    await until(() => raw.isClosed);
    assert.ok(
      raw.frames.some(({ type, payload }) => type === frameTypes.data && payload.toString() === 'late'),
    );
  }));

test('HPACK and window nonsense close the connection as a protocol error', () =>
  attack({}, async (world, raw) => {
    raw.send(frameTypes.windowUpdate, 0, 0, word(0x7fff_ffff));
    await until(() => raw.isClosed);
    const second = await world.raw();
    second.send(frameTypes.headers, wholeHeaders, 1, Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff]));
    await until(() => second.isClosed);
    await until(() => world.count(closedTotal('protocol-error')) === 2);
  }));
