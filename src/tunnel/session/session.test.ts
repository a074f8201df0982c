// Streams between two sessions over the memory network, under virtual time: one behaviour per test.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isSallyportError } from '#base/errors.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { plainOpenRequest } from '#testkit/tunnel-pair.ts';
import { feed, swallow, tunnelWorld as world } from '#testkit/tunnel-world.ts';
import { pendingLimitBytes } from './session-stream.ts';
import type { TunnelStream } from '../stream.ts';
import { initialWindowBytes, maxWindowBytes, startWindowBytes } from './window.ts';

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
