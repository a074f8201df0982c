// Two sessions against each other over the memory network, under virtual time: one behaviour per test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSallyportError, SallyportError } from '#base/errors.ts';
import type { PublishedRule } from '#model/published-rules.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { type LinkOptions, memoryLink, type MemoryLink } from '#testkit/memory-network.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import {
  plainOpenRequest,
  tunnelPair,
  type TunnelPair,
  type TunnelPairOptions,
} from '#testkit/tunnel-pair.ts';
import { encodeFrame, frameTypes } from '#wire/tunnel-frame.ts';
import { encodeCodeAndText, encodeOpen } from '#wire/tunnel-message.ts';
import { createCredentials, publicKeyOf } from './credentials.ts';
import { pendingLimitBytes } from './session-stream.ts';
import type { ResetReason, TunnelStream } from './stream.ts';
import { initialWindowBytes, maxWindowBytes, startWindowBytes } from './window.ts';

interface World {
  readonly clock: FakeClock;
  readonly link: MemoryLink;
  readonly pair: TunnelPair;
  open(): Watched;
}

/** A stream whose calls are written down. */
interface Watched {
  readonly stream: TunnelStream;
  readonly chunks: Buffer[];
  readonly received: () => Buffer;
  /** False: bytes are kept and not given back. */
  consumes: boolean;
  opened: number;
  ended: number;
  drained: number;
  reset: { readonly reason: ResetReason; readonly detail: string } | undefined;
}

test('a stream carries bytes both ways, ends each direction, and leaves nothing behind', () => {
  const { clock, pair, open } = world();
  const watched = open();
  const bytes = seededRandom(7).bytes(1_000_000);
  watched.stream.write(bytes, true);
  watched.stream.end();
  assert.ok(clock.advanceUntil(() => watched.ended === 1, 5_000));
  assert.deepEqual(watched.received(), bytes);
  assert.equal(watched.opened, 1);
  assert.equal(watched.stream.isOpen, false);
  assert.equal(pair.edge.connection!.openStreams, 0);
  assert.equal(pair.connector.connection!.openStreams, 0);
});

test('both ends know each other after the handshake', () => {
  const { clock, pair } = world({ link: { delayMs: 20 } });
  const edge = pair.edge.connection!;
  const connector = pair.connector.connection!;
  assert.equal(edge.tunnelId, pair.credentials.tunnelId);
  assert.equal(connector.edgeConnectionId, edge.id);
  assert.equal(connector.edgeName, 'edge.example.com');
  assert.equal(edge.connectorArch, 'linux_x64');
  assert.equal(connector.clockSkewMs, -20);
  clock.advance(1_000);
  assert.equal(edge.rttMs, 40);
  assert.equal(connector.rttMs, 40);
});

test('memory that the writer reuses is copied before write returns', () => {
  const { clock, open } = world({ link: { delayMs: 5 } });
  const watched = open();
  const scratch = Buffer.alloc(initialWindowBytes * 2, 'a');
  assert.equal(watched.stream.write(scratch, true), false);
  scratch.fill('b');
  clock.advance(1_000);
  assert.equal(watched.received().length, scratch.length);
  assert.ok(!watched.received().includes('b'));
});

test('a writer is told once when there is room again, and isFlushed says the same', () => {
  const { clock, open } = world({ link: { delayMs: 5 } });
  const watched = open();
  assert.equal(watched.stream.write(Buffer.alloc(1_000), false), true);
  assert.equal(watched.stream.isFlushed, true);
  assert.equal(watched.stream.write(Buffer.alloc(initialWindowBytes * 2), false), false);
  assert.equal(watched.stream.isFlushed, false);
  clock.advance(1_000);
  assert.equal(watched.drained, 1);
  assert.equal(watched.stream.isFlushed, true);
});

test('a reader that does not consume stops its own writer within a window, and nobody else', () => {
  const { clock, pair, open } = world({ link: { delayMs: 1 } });
  const slow = open();
  slow.consumes = false;
  slow.stream.write(Buffer.alloc(3_000_000), false);
  const quick = open();
  quick.stream.write(Buffer.from('hello'), false);
  clock.advance(1_000);
  assert.equal(slow.received().length, startWindowBytes);
  assert.equal(quick.received().toString(), 'hello');
  slow.consumes = true;
  slow.stream.consume(startWindowBytes);
  clock.advance(2_000);
  assert.equal(slow.received().length, 3_000_000);
  assert.equal(pair.edge.closed, undefined);
});

test('a writer that ignores backpressure loses its stream, not its connection', () => {
  const { clock, pair, open } = world();
  const watched = open();
  watched.consumes = false;
  for (let i = 0; i < 8; i++) watched.stream.write(Buffer.alloc(pendingLimitBytes / 4), false);
  clock.advance(100);
  assert.equal(watched.stream.isOpen, false);
  assert.equal(pair.connector.connection!.openStreams, 0);
  assert.equal(pair.edge.closed, undefined);
});

test('a reset reaches the other end with its reason, once', () => {
  const taken: TunnelStream[] = [];
  const { clock, open } = world({
    pair: {
      onStream(stream) {
        taken.push(stream);
        stream.handler = { onData() {}, onEnd() {}, onReset() {}, onDrain() {} };
      },
    },
  });
  const watched = open();
  clock.advance(10);
  taken[0]!.reset('origin-refused', 'connect ECONNREFUSED');
  taken[0]!.reset('cancelled');
  clock.advance(10);
  assert.deepEqual(watched.reset, { reason: 'origin-refused', detail: 'connect ECONNREFUSED' });
  watched.stream.write(Buffer.from('late'), false);
  watched.stream.end();
  watched.stream.reset('cancelled');
  clock.advance(10);
});

test('bytes under way for a stream that was reset are skipped', () => {
  const { clock, pair, open } = world({ link: { delayMs: 20 } });
  const gone = open();
  gone.stream.write(Buffer.alloc(50_000), false);
  clock.advance(30);
  gone.stream.reset('cancelled');
  const next = open();
  next.stream.write(Buffer.from('next'), false);
  clock.advance(200);
  assert.equal(gone.chunks.length, 0);
  assert.equal(next.received().toString(), 'next');
  assert.equal(pair.edge.closed ?? pair.connector.closed, undefined);
});

test('a stream that changes hands keeps its bytes in order', () => {
  const { clock, open } = world();
  const watched = open();
  watched.stream.write(Buffer.from('first'), false);
  clock.advance(10);
  const second: string[] = [];
  watched.stream.handler = {
    onData(chunk) {
      second.push(chunk.toString());
      watched.stream.consume(chunk.length);
    },
    onEnd() {},
    onReset() {},
    onDrain() {},
  };
  watched.stream.write(Buffer.from('second'), false);
  clock.advance(10);
  assert.equal(watched.received().toString(), 'first');
  assert.deepEqual(second, ['second']);
});

test('a window grows to fill a long fast path, and its memory is given back', () => {
  const { clock, pair, open } = world({
    link: { delayMs: 20, bytesPerMs: 125_000, capacityBytes: 8 * 1024 * 1024 },
    pair: { onStream: swallow },
  });
  const watched = open();
  clock.advance(100);
  feed(watched, 60_000_000);
  const startMs = clock.nowMs();
  assert.ok(clock.advanceUntil(() => watched.ended === 1, 10_000));
  // 480 ms at the full gigabit, and a few round trips while both windows grow.
  assert.ok(clock.nowMs() - startMs < 1_200, `${clock.nowMs() - startMs} ms`);
  assert.equal(pair.edge.connection!.openStreams, 0);
  assert.ok(maxWindowBytes >= 40 * 125_000);
});

test('a stream without credit, a bulk stream and two hundred small ones: nobody starves', () => {
  const { clock, open } = world({ link: { delayMs: 5, bytesPerMs: 2_000, capacityBytes: 100_000 } });
  const stuck = open();
  stuck.consumes = false;
  stuck.stream.write(Buffer.alloc(2_000_000), false);
  const bulk = open();
  feed(bulk, 20_000_000);
  clock.advance(200);
  const small = Array.from({ length: 200 }, () => open());
  for (const watched of small) watched.stream.write(Buffer.alloc(300, 's'), true);
  const startMs = clock.nowMs();
  assert.ok(clock.advanceUntil(() => small.every((watched) => watched.received().length === 300), 20_000));
  assert.ok(clock.nowMs() - startMs < 2_000, `${clock.nowMs() - startMs} ms`);
  assert.equal(bulk.ended, 0, 'the bulk stream was still at it');
});

test('streams beyond the limit are refused at either end', () => {
  const { clock, open, pair } = world({ pair: { streamLimit: 3 } });
  for (let i = 0; i < 3; i++) open();
  assert.throws(
    () => pair.edge.connection!.open(plainOpenRequest),
    (error) => isSallyportError(error, 'limit-exceeded'),
  );
  clock.advance(10);
  assert.equal(pair.connector.connection!.openStreams, 3);
});

test('a callback that throws costs its own stream only, and is reported', () => {
  const { clock, pair, open } = world();
  const bad = open();
  bad.stream.handler = {
    ...bad.stream.handler,
    onData() {
      throw new Error('oops');
    },
  };
  const good = open();
  bad.stream.write(Buffer.from('x'), false);
  good.stream.write(Buffer.from('y'), false);
  clock.advance(10);
  assert.deepEqual(bad.reset, { reason: 'internal-error', detail: 'oops' });
  assert.equal(good.received().toString(), 'y');
  assert.equal(pair.edge.faults.length, 1);
  assert.equal(pair.edge.closed, undefined);
});

test('both ends report the same reason when one closes, and streams learn that it was the connection', () => {
  const { clock, pair, open } = world({ link: { delayMs: 10 } });
  const watched = open();
  let wasClosedFirst = false;
  watched.stream.handler = {
    ...watched.stream.handler,
    onReset: () => void (wasClosedFirst = pair.edge.closed !== undefined),
  };
  pair.edge.connection!.close('revoked', 'the key was removed');
  assert.ok(wasClosedFirst, 'the owner of the connection hears of it before its streams');
  clock.advance(100);
  assert.deepEqual(pair.edge.closed, { reason: 'revoked', detail: 'the key was removed' });
  assert.deepEqual(pair.connector.closed, pair.edge.closed);
  assert.throws(() => pair.edge.connection!.open(plainOpenRequest), /going away/);
});

test('a transport that breaks ends both sessions as transport-error', () => {
  const { clock, link, pair, open } = world();
  const watched = open();
  clock.advance(5);
  link.break();
  clock.advance(5);
  assert.equal(pair.edge.closed!.reason, 'transport-error');
  assert.equal(pair.connector.closed!.reason, 'transport-error');
  assert.equal(watched.reset!.reason, 'connection-lost');
});

test('a path that swallows everything is noticed at both ends within 20 s, idle as it was', () => {
  const { clock, link, pair } = world();
  clock.advance(60_000);
  assert.equal(pair.edge.closed, undefined);
  link.stall();
  clock.advance(20_000);
  assert.equal(pair.edge.closed!.reason, 'ping-timeout');
  assert.equal(pair.connector.closed!.reason, 'ping-timeout');
});

test('a path that swallows one direction is noticed at both ends', () => {
  const { clock, link, pair } = world();
  link.stall('to-connector');
  clock.advance(65_000);
  assert.equal(pair.connector.closed!.reason, 'ping-timeout');
  assert.equal(pair.edge.closed?.reason, 'ping-timeout');
});

test('a slow path full of data is not taken for a dead one', () => {
  const { clock, pair, open } = world({ link: { delayMs: 20, bytesPerMs: 16, capacityBytes: 4_000_000 } });
  const watched = open();
  feed(watched, 400_000);
  assert.ok(clock.advanceUntil(() => watched.ended === 1, 300_000));
  assert.equal(pair.edge.closed ?? pair.connector.closed, undefined);
});

test('a connector without the key, with a revoked key, or of an unknown tunnel is told apart', () => {
  const random = seededRandom(3);
  const other = createCredentials(random, '', '');
  const credentials = createCredentials(random, '', '');
  const key = publicKeyOf(credentials);
  const cases = [
    ['unknown-tunnel', undefined],
    ['unauthorized', { publicKeys: [] }],
    ['unauthorized', { publicKeys: [publicKeyOf(other)] }],
    ['revoked', { publicKeys: [publicKeyOf(other)], revokedKeys: [key] }],
  ] as const;
  for (const [reason, keys] of cases) {
    const { clock, pair } = world({ isRefused: true, pair: { credentials, lookupTunnel: () => keys } });
    clock.advance(100);
    assert.equal(pair.connector.closed!.reason, reason);
    assert.equal(pair.edge.closed!.reason, reason);
    assert.equal(pair.edge.connection, undefined);
  }
});

test('two keys may be valid at once', () => {
  const random = seededRandom(3);
  const credentials = createCredentials(random, '', '');
  const publicKeys = [publicKeyOf(createCredentials(random, '', '')), publicKeyOf(credentials)];
  assert.ok(world({ pair: { credentials, lookupTunnel: () => ({ publicKeys }) } }).pair.isReady);
});

test('a signature made for one transport session is worth nothing on another', () => {
  const clock = new FakeClock();
  const random = seededRandom(1);
  // A relay: each end has a transport session of its own, so the exporters differ.
  const near = memoryLink(clock, random);
  const far = memoryLink(clock, random);
  far.connector.start({
    onData: (chunk) => void near.edge.write(chunk, () => {}),
    onDrain() {},
    onClose() {},
  });
  near.edge.start({
    onData: (chunk) => void far.connector.write(chunk, () => {}),
    onDrain() {},
    onClose() {},
  });
  const pair = tunnelPair({
    clock,
    random,
    edgeTransport: far.edge,
    connectorTransport: near.connector,
    defer: (run) => void clock.after(0, run),
  });
  clock.advance(1_000);
  assert.equal(pair.edge.closed!.reason, 'unauthorized');
  assert.equal(pair.isReady, false);
});

test('a peer that says nothing is given 10 s for the handshake', () => {
  const { clock, pair, link } = world({ isRefused: true, beforeStart: (memory) => memory.stall() });
  clock.advance(9_999);
  assert.equal(pair.edge.closed, undefined);
  clock.advance(2);
  assert.equal(pair.edge.closed!.reason, 'handshake-timeout');
  assert.equal(pair.connector.closed!.reason, 'handshake-timeout');
  assert.ok(link);
});

test('rules are published, replaced and refused', async () => {
  const seen: number[] = [];
  const { clock, pair } = world({
    pair: {
      edgeHandler: {
        onRules(_connection, { version, rules }) {
          if (rules.length === 0) throw new SallyportError('config-invalid', 'no rule at all');
          seen.push(version);
        },
      },
    },
  });
  const connector = pair.connector.connection!;
  // Enough rules for several frames.
  const many = Array.from({ length: 2_000 }, (_, i) => rule(`h${i}.example.com`));
  const results = Promise.allSettled([
    connector.publish({ version: 1, rules: many }),
    connector.publish({ version: 2, rules: [rule('')] }),
    connector.publish({ version: 2, rules: [rule('')] }),
    connector.publish({ version: 3, rules: [] }),
    connector.publish({ version: 4, rules: [{ ...rule(''), hostname: 'x'.repeat(300) }] }),
  ]);
  clock.advance(100);
  const texts = (await results).map((result) =>
    result.status === 'rejected' ? String(result.reason) : 'ok',
  );
  assert.deepEqual(texts.slice(0, 2), ['ok', 'ok']);
  assert.match(texts[2]!, /published twice at once/);
  assert.match(texts[3]!, /no rule at all/);
  assert.match(texts[4]!, /rules.0.hostname/);
  assert.deepEqual(seen, [1, 2]);
  assert.deepEqual(pair.edge.connection!.rules!.rules, [rule('')]);
  const late = connector.publish({ version: 5, rules: [rule('')] });
  connector.close('shutdown');
  await assert.rejects(late, /ended before the edge had acknowledged/);
  await assert.rejects(connector.publish({ version: 6, rules: [rule('')] }), /is closed/);
});

test('a connector drains: the edge lets go first, streams finish, then both report drained', async () => {
  const order: string[] = [];
  const { clock, pair, open } = world({
    link: { delayMs: 10 },
    pair: {
      edgeHandler: {
        onDraining(connection) {
          order.push('edge let go');
          assert.equal(connection.isDraining, true);
          assert.throws(() => connection.open(plainOpenRequest), /going away/);
        },
      },
    },
  });
  const watched = open();
  clock.advance(50);
  const drained = pair.connector.connection!.drain();
  // An OPEN that crosses the DRAIN is still served.
  const crossing = open();
  crossing.stream.write(Buffer.from('crossing'), false);
  crossing.stream.end();
  clock.advance(500);
  await drained;
  order.push('acknowledged');
  assert.deepEqual(order, ['edge let go', 'acknowledged']);
  assert.equal(crossing.received().toString(), 'crossing');
  assert.equal(pair.edge.closed, undefined, 'a stream is still open');
  watched.stream.write(Buffer.from('last words'), false);
  watched.stream.end();
  clock.advance(500);
  assert.equal(watched.received().toString(), 'last words');
  assert.equal(pair.edge.closed!.reason, 'drained');
  assert.equal(pair.connector.closed!.reason, 'drained');
});

test('an edge drains, and closes at the deadline what does not end by itself', async () => {
  let told = 0;
  const { clock, pair, open } = world({ pair: { connectorHandler: { onDraining: () => void (told += 1) } } });
  const watched = open();
  clock.advance(50);
  const drained = pair.edge.connection!.drain(3_000);
  clock.advance(100);
  await drained;
  assert.equal(told, 1);
  clock.advance(2_800);
  assert.equal(watched.stream.isOpen, true);
  clock.advance(200);
  assert.equal(pair.edge.closed!.reason, 'drain-deadline');
  assert.equal(pair.connector.closed!.reason, 'drain-deadline');
  assert.equal(watched.reset!.reason, 'connection-lost');
});

test('both ends may drain at once', async () => {
  const { clock, pair } = world({ link: { delayMs: 10 } });
  const both = Promise.all([pair.edge.connection!.drain(), pair.connector.connection!.drain()]);
  clock.advance(500);
  await both;
  assert.equal(pair.edge.closed!.reason, 'drained');
  assert.equal(pair.connector.closed!.reason, 'drained');
});

test('a drain is over, too, when the connection ends before it was acknowledged', async () => {
  const { clock, link, pair } = world();
  const drained = pair.connector.connection!.drain();
  link.break();
  clock.advance(10);
  await drained;
  await pair.connector.connection!.drain();
});

test('frames that break the rules end the connection as protocol-error', () => {
  const { OPEN, DATA, FIN, OPENED, CREDIT, RULES_ACK, DRAIN_ACK, HELLO, RESET } = frameTypes;
  const one = (type: number, streamId: number, payload: Buffer = Buffer.alloc(0)): Buffer =>
    encodeFrame(type, streamId, payload);
  const credit = (byteCount: number): Buffer => {
    const payload = Buffer.alloc(4);
    payload.writeUInt32BE(byteCount);
    return one(CREDIT, 1, payload);
  };
  const toEdge: readonly [string, Buffer][] = [
    ['OPEN from a connector', one(OPEN, 1, encodeOpen(plainOpenRequest))],
    ['DATA on a stream never opened', one(DATA, 3, Buffer.from('x'))],
    ['FIN on a stream never opened', one(FIN, 3)],
    ['an even stream id', one(FIN, 2)],
    ['two OPENED', Buffer.concat([one(OPENED, 1), one(OPENED, 1)])],
    ['DATA after FIN', Buffer.concat([one(FIN, 1), one(DATA, 1, Buffer.from('x'))])],
    ['two FIN', Buffer.concat([one(FIN, 1), one(FIN, 1)])],
    [
      'more DATA than credit',
      Buffer.concat(Array.from({ length: 5 }, () => one(DATA, 1, Buffer.alloc(65_536)))),
    ],
    ['more credit than sense', Buffer.concat([credit(0x7fff_ffff), credit(0x7fff_ffff)])],
    ['a RESET without a code', one(RESET, 1)],
    ['RULES_ACK to an edge', one(RULES_ACK, 0, Buffer.from('0000000101', 'hex'))],
    ['DRAIN_ACK without DRAIN', one(DRAIN_ACK, 0)],
    ['HELLO after the handshake', one(HELLO, 0)],
    ['a type of no frame', one(0x30, 1)],
  ];
  for (const [name, bytes] of toEdge) {
    const { clock, link, pair, open } = world();
    open().consumes = false;
    clock.advance(5);
    link.connector.write(bytes, () => {});
    clock.advance(50);
    assert.equal(pair.edge.closed?.reason, 'protocol-error', name);
    assert.equal(pair.connector.closed?.reason, 'protocol-error', name);
  }
});

test('frames for extensions are skipped, and so are frames on streams that have just ended', () => {
  const { clock, link, pair, open } = world();
  open().stream.reset('cancelled');
  clock.advance(5);
  const late = encodeFrame(frameTypes.RESET, 1, encodeCodeAndText(0, ''));
  link.connector.write(Buffer.concat([encodeFrame(0x99, 5, Buffer.alloc(100)), late]), () => {});
  clock.advance(5);
  assert.equal(pair.edge.closed, undefined);
});

test('a peer that floods pings and reads nothing is cut off before it fills our memory', () => {
  const { clock, link, pair } = world({ link: { capacityBytes: 10_000 } });
  link.stall('to-connector');
  const pings = Buffer.concat(
    Array.from({ length: 4_096 }, () => encodeFrame(frameTypes.PING, 0, Buffer.alloc(8))),
  );
  for (let i = 0; i < 400 && !pair.edge.closed; i++) {
    link.connector.write(pings, () => {});
    clock.advance(1);
  }
  assert.equal(pair.edge.closed?.reason, 'write-stalled');
});

interface WorldOptions {
  readonly link?: LinkOptions;
  readonly pair?: Partial<TunnelPairOptions>;
  /** The handshake is not expected to succeed. */
  readonly isRefused?: boolean;
  readonly beforeStart?: (link: MemoryLink) => void;
}

function world(options: WorldOptions = {}): World {
  const clock = new FakeClock();
  const random = seededRandom(11);
  const link = memoryLink(clock, random, options.link);
  options.beforeStart?.(link);
  const pair = tunnelPair({
    clock,
    random,
    edgeTransport: link.edge,
    connectorTransport: link.connector,
    defer: (run) => void clock.after(0, run),
    ...options.pair,
  });
  if (options.isRefused !== true) assert.ok(clock.advanceUntil(() => pair.isReady, 5_000));
  return { clock, link, pair, open: () => watch(pair.edge.connection!.open(plainOpenRequest)) };
}

function watch(stream: TunnelStream): Watched {
  const chunks: Buffer[] = [];
  const watched: Watched = {
    stream,
    chunks,
    received: () => Buffer.concat(chunks),
    consumes: true,
    opened: 0,
    ended: 0,
    drained: 0,
    reset: undefined,
  };
  stream.handler = {
    onOpened: () => void (watched.opened += 1),
    onData(chunk) {
      chunks.push(chunk);
      if (watched.consumes) stream.consume(chunk.length);
    },
    onEnd: () => void (watched.ended += 1),
    onReset(reason, detail) {
      assert.equal(watched.reset, undefined, 'reset twice');
      watched.reset = { reason, detail };
    },
    onDrain: () => void (watched.drained += 1),
  };
  return watched;
}

/** Consumes everything at once and ends when the peer does. */
function swallow(stream: TunnelStream): void {
  stream.handler = {
    onData: (chunk) => stream.consume(chunk.length),
    onEnd: () => stream.end(),
    onReset() {},
    onDrain() {},
  };
}

/** Writes `byteCount` bytes as fast as the stream takes them, then ends it. */
function feed(watched: Watched, byteCount: number): void {
  const { stream } = watched;
  const piece = Buffer.alloc(65_536, 'f');
  let left = byteCount;
  const more = (): void => {
    while (left > 0) {
      const size = Math.min(left, piece.length);
      left -= size;
      if (!stream.write(size === piece.length ? piece : piece.subarray(0, size), false)) return;
    }
    stream.end();
  };
  stream.handler = { ...stream.handler, onDrain: more };
  more();
}

function rule(hostname: string): PublishedRule {
  return {
    hostname,
    path: '',
    service: 'http://localhost:8080',
    protocol: 'http1',
    isTls: false,
    hostHeader: '',
    allowsChunked: true,
    followsHost: false,
    isPerClient: false,
    requiresAccess: false,
    keepAliveConnections: 100,
    keepAliveTimeoutMs: 90_000,
  };
}
