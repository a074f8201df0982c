import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { BufferPool } from '#base/io/buffer-pool.ts';
import { SendQueue } from './send-queue.ts';

const bufferBytes = 65_536;

/** A pool that knows what is out, and spoils what comes back, as its next user will. */
class CountingPool extends BufferPool {
  readonly out = new Set<Buffer>();
  readonly memories = new Set<Buffer>();

  override take(): Buffer {
    const buffer = super.take();
    this.out.add(buffer);
    this.memories.add(buffer);
    return buffer;
  }

  override give(buffer: Buffer): void {
    assert.ok(this.out.delete(buffer), 'given back once, by whoever took it');
    buffer.fill(0xee);
    super.give(buffer);
  }
}

function drainAll(queue: SendQueue, limit: number): Buffer {
  const parts: Buffer[] = [];
  for (let run = queue.nextRun(limit); run > 0; run = queue.nextRun(limit)) {
    queue.drain(run, (piece, from, to) => parts.push(Buffer.from(piece.subarray(from, to))));
  }
  return Buffer.concat(parts);
}

describe('the queue of a stream that may not send', () => {
  test('gives back what was put in, in order, whatever the sizes, and keeps no memory', () => {
    const step = fc.record({
      length: fc.oneof(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 16_000, max: 70_000 })),
      from: fc.nat({ max: 100 }),
      isScratch: fc.boolean(),
      drained: fc.nat({ max: 3 }),
    });
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 12 }),
        fc.integer({ min: 1_000, max: 40_000 }),
        (steps, limit) => {
          const pool = new CountingPool(bufferBytes);
          const queue = new SendQueue(pool);
          const sent: Buffer[] = [];
          const got: Buffer[] = [];
          steps.forEach(({ length, from, isScratch, drained }, i) => {
            const chunk = Buffer.alloc(length, i + 1);
            const start = Math.min(from, length - 1);
            sent.push(Buffer.from(chunk.subarray(start)));
            queue.push(chunk, start, isScratch);
            if (isScratch) chunk.fill(0xff);
            for (let n = 0; n < drained && queue.nextRun(limit) > 0; n++) {
              queue.drain(queue.nextRun(limit), (piece, a, b) => got.push(Buffer.from(piece.subarray(a, b))));
            }
          });
          got.push(drainAll(queue, limit));
          assert.ok(Buffer.concat(got).equals(Buffer.concat(sent)));
          assert.equal(queue.byteCount, 0);
          assert.equal(pool.out.size, 0);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('needs one buffer for as many long pieces as come one after the other', () => {
    const pool = new CountingPool(bufferBytes);
    const queue = new SendQueue(pool);
    for (let i = 0; i < 50; i++) {
      queue.push(Buffer.alloc(bufferBytes, i), 0, true);
      assert.equal(drainAll(queue, 32_768)[0], i);
    }
    assert.equal(pool.memories.size, 1);
  });

  test('gives memory back when the stream is over', () => {
    const pool = new CountingPool(bufferBytes);
    const queue = new SendQueue(pool);
    for (let i = 0; i < 3; i++) queue.push(Buffer.alloc(40_000), 0, true);
    queue.drain(32_768, () => {});
    assert.equal(pool.out.size, 3);
    queue.clear();
    assert.deepEqual([pool.out.size, queue.byteCount, queue.nextRun(1)], [0, 0, 0]);
  });

  test('takes no large buffer for a few bytes', () => {
    const pool = new CountingPool(bufferBytes);
    const queue = new SendQueue(pool);
    queue.push(Buffer.alloc(200), 0, true);
    assert.equal(pool.memories.size, 0);
  });
});
