import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { S3Fifo, type FifoNode } from './s3-fifo.ts';

interface Node extends FifoNode {
  readonly name: number;
}

function node(name: number, chargedBytes = 1): Node {
  return {
    name,
    chargedBytes,
    queue: 'none',
    frequency: 0,
    newer: undefined,
    older: undefined,
    ghostHash: name,
  };
}

function cache(limit: number): { fifo: S3Fifo<Node>; left: number[] } {
  const left: number[] = [];
  return { fifo: new S3Fifo<Node>(limit, ({ name }) => void left.push(name)), left };
}

const names = (fifo: S3Fifo<Node>): number[] => [...fifo].map(({ name }) => name).toSorted((a, b) => a - b);

test('a scan over many entries leaves those that are asked for again', () => {
  const { fifo } = cache(100);
  const hot = Array.from({ length: 50 }, (_, i) => node(i));
  for (const one of hot) {
    fifo.insert(one);
    fifo.touch(one);
  }
  for (let i = 1000; i < 11_000; i++) fifo.insert(node(i));
  assert.deepEqual(
    names(fifo).filter((name) => name < 50),
    hot.map(({ name }) => name),
  );
  assert.equal(fifo.bytes, 100);
});

test('what left unseen and comes back goes among the proven ones', () => {
  const { fifo, left } = cache(10);
  for (let i = 0; i < 10; i++) fifo.insert(node(i));
  fifo.insert(node(10));
  assert.deepEqual(left, [0]);
  const again = node(0);
  fifo.insert(again);
  assert.equal(again.queue, 'main');
});

test('an entry that is never asked for leaves the main queue in turn', () => {
  const { fifo, left } = cache(10);
  const proven = Array.from({ length: 10 }, (_, i) => node(i));
  for (const one of proven) {
    fifo.insert(one);
    fifo.touch(one);
  }
  // Two more that were hit push the oldest two out, whose one hit was spent on the way into the main queue.
  for (const one of [node(20), node(21)]) {
    fifo.insert(one);
    fifo.touch(one);
  }
  for (let i = 30; i < 33; i++) fifo.insert(node(i));
  assert.ok(left.length >= 5 && !left.includes(9), left.join());
});

test('an entry larger than all room goes at once, and takes nothing with it but what it must', () => {
  const { fifo, left } = cache(10);
  fifo.insert(node(1, 11));
  assert.deepEqual([left, fifo.bytes, fifo.count], [[1], 0, 0]);
});

test('whatever is done, the room is kept, sums are right and every entry is inside or told', () => {
  const step = fc.record({
    what: fc.constantFrom('insert', 'touch', 'remove', 'resize'),
    name: fc.nat(20),
    bytes: fc.integer({ min: 1, max: 30 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.integer({ min: 10, max: 60 }), (steps, limit) => {
      const inside = new Map<number, Node>();
      const fifo = new S3Fifo<Node>(limit, (gone) => void inside.delete(gone.name));
      for (const { what, name, bytes } of steps) {
        const known = inside.get(name);
        if (what === 'insert' && !known) {
          const one = node(name, bytes);
          inside.set(name, one);
          fifo.insert(one);
        } else if (known && what === 'touch') fifo.touch(known);
        else if (known && what === 'resize') fifo.resize(known, bytes);
        else if (known && what === 'remove') {
          inside.delete(name);
          fifo.remove(known);
        }
        assert.ok(fifo.bytes <= limit);
        assert.deepEqual(
          names(fifo),
          [...inside.keys()].toSorted((a, b) => a - b),
        );
        assert.equal(
          fifo.bytes,
          [...inside.values()].reduce((sum, one) => sum + one.chargedBytes, 0),
        );
        assert.equal(fifo.count, inside.size);
      }
    }),
  );
});
