// Two joined ends behave as a tunnel stream does: order, credit, half-close, resets, and no call from inside a call.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { StreamHandler, TunnelStream } from './stream.ts';
import { pendingLimitBytes } from './session/session-stream.ts';
import { type StreamPair, streamPair } from './stream-pair.ts';
import { startWindowBytes } from './session/window.ts';

/** An end with everything it was told, in order. */
interface NotedEnd {
  readonly stream: TunnelStream;
  readonly calls: string[];
  readonly chunks: Buffer[];
  consumes: boolean;
}

interface World {
  readonly pair: StreamPair;
  readonly near: NotedEnd;
  readonly far: NotedEnd;
  readonly faults: unknown[];
  over: number;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function note(stream: TunnelStream): NotedEnd {
  const end: NotedEnd = { stream, calls: [], chunks: [], consumes: true };
  stream.handler = {
    onOpened: () => void end.calls.push('opened'),
    onData(chunk) {
      if (end.calls.at(-1) !== 'data') end.calls.push('data');
      end.chunks.push(chunk);
      if (end.consumes) stream.consume(chunk.length);
    },
    onEnd: () => void end.calls.push('end'),
    onReset: (reason, detail) => void end.calls.push(`reset ${reason} ${detail}`.trim()),
    onDrain: () => void end.calls.push('drain'),
  };
  return end;
}

function world(): World {
  const faults: unknown[] = [];
  const pair = streamPair({ id: 1, onFault: (error) => faults.push(error), onOver: () => (all.over += 1) });
  const all: World = { pair, near: note(pair.near), far: note(pair.far), faults, over: 0 };
  return all;
}

const received = (end: NotedEnd): Buffer => Buffer.concat(end.chunks);

test('bytes arrive in order and in a later turn, each direction ends by itself, and then the pair is over', async () => {
  const { pair, near, far } = world();
  pair.opened();
  near.stream.write(Buffer.from('question'), false);
  near.stream.end();
  assert.deepEqual(far.calls, [], 'nothing is told from inside write');
  await turn();
  assert.deepEqual(far.calls, ['data', 'end']);
  assert.deepEqual(near.calls, ['opened']);
  assert.equal(far.stream.isRemoteEnded, true);
  assert.equal(near.stream.isRemoteEnded, false);
  far.stream.write(Buffer.from('answer'), false);
  far.stream.end();
  await turn();
  assert.equal(received(far).toString(), 'question');
  assert.equal(received(near).toString(), 'answer');
  assert.deepEqual([near.stream.isOpen, far.stream.isOpen], [false, false]);
});

test('it is over once, however it ends', async () => {
  for (const finish of [
    (w: World) => (w.near.stream.end(), w.far.stream.end()),
    (w: World) => w.near.stream.reset('cancelled'),
    (w: World) => (w.near.stream.reset('cancelled'), w.far.stream.reset('origin-lost')),
    (w: World) => w.pair.lose('connection-lost', 'gone'),
  ]) {
    const all = world();
    finish(all);
    await turn();
    assert.equal(all.over, 1, String(finish));
    all.near.stream.reset('cancelled');
    all.far.stream.end();
    await turn();
    assert.equal(all.over, 1);
  }
});

test('memory that the writer reuses is copied before write returns', async () => {
  const { near, far } = world();
  const scratch = Buffer.from('aaaa');
  near.stream.write(scratch, true);
  scratch.fill('b');
  await turn();
  assert.equal(received(far).toString(), 'aaaa');
});

test('a reader that does not consume stops the writer within a window; consuming lets it go on, and drain is told once', async () => {
  const { near, far } = world();
  far.consumes = false;
  const bytes = Buffer.alloc(1_000_000, 'x');
  assert.equal(near.stream.write(bytes, false), false);
  assert.equal(near.stream.isFlushed, false);
  await turn();
  const held = received(far).length;
  assert.ok(held >= startWindowBytes && held < startWindowBytes + 65_536, `${held} bytes`);
  assert.ok(!near.calls.includes('drain'));
  far.consumes = true;
  far.stream.consume(held);
  await turn();
  assert.equal(received(far).length, bytes.length);
  assert.deepEqual(near.calls, ['drain']);
  assert.equal(near.stream.isFlushed, true);
});

test('a write that returned true is flushed: whoever asks isFlushed never waits for a drain that does not come', async () => {
  const { near } = world();
  assert.equal(near.stream.write(Buffer.alloc(1_000), false), true);
  assert.equal(near.stream.isFlushed, true);
});

test('a writer that goes on against backpressure loses the stream, and nobody holds more than the limit', async () => {
  const { near, far } = world();
  far.consumes = false;
  const piece = Buffer.alloc(1_048_576);
  for (let i = 0; i < pendingLimitBytes / piece.length + 2; i++) near.stream.write(piece, false);
  await turn();
  assert.equal(near.stream.isOpen, false);
  assert.match(far.calls.at(-1)!, /^reset internal-error more than/);
});

test('what was written before a reset is still told, then the reason', async () => {
  const { near, far } = world();
  far.stream.write(Buffer.from('last words'), false);
  far.stream.reset('origin-lost', 'gone');
  await turn();
  assert.deepEqual(near.calls, ['data', 'reset origin-lost gone']);
  near.stream.write(Buffer.from('too late'), false);
  await turn();
  assert.deepEqual(far.calls, []);
});

test('a lost connection tells both ends at once', () => {
  const { pair, near, far } = world();
  pair.lose('connection-lost', 'shutdown');
  assert.deepEqual(near.calls, ['reset connection-lost shutdown']);
  assert.deepEqual(far.calls, ['reset connection-lost shutdown']);
});

test('a handler that throws is reported, and both ends are reset', async () => {
  const { near, far, faults } = world();
  const told: string[] = [];
  far.stream.handler = {
    ...far.stream.handler,
    onData() {
      throw new Error('broken');
    },
    onReset: (reason) => void told.push(reason),
  } satisfies StreamHandler;
  near.stream.write(Buffer.from('x'), false);
  await turn();
  assert.equal(faults.length, 1);
  assert.deepEqual(told, ['internal-error']);
  assert.deepEqual(near.calls, ['reset internal-error']);
});

test('any cut of any bytes, both ways at once, arrives whole', async () => {
  const pieces = fc.array(fc.uint8Array({ maxLength: 100_000 }), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(pieces, pieces, async (up, down) => {
      const { near, far } = world();
      for (const piece of up) near.stream.write(piece, true);
      for (const piece of down) far.stream.write(piece, false);
      near.stream.end();
      far.stream.end();
      for (let i = 0; i < 5; i++) await turn();
      assert.deepEqual(received(far), Buffer.concat(up));
      assert.deepEqual(received(near), Buffer.concat(down));
      assert.deepEqual([near.calls.at(-1), far.calls.at(-1)], ['end', 'end']);
    }),
    { numRuns: 50 },
  );
});
