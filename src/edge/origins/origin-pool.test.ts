import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Http1Upstream } from '../http1/http1-upstream.ts';
import { OriginPool } from './origin-pool.ts';

/** A stream as far as the pool looks at it. */
function upstream(change: Partial<Http1Upstream> = {}): Http1Upstream & { isClosed: boolean } {
  const made = { poolKey: 0, generation: 0, idleTimeoutMs: 1000, idleSinceMs: 0, isClosed: false, ...change };
  return Object.assign(made, { close: () => void (made.isClosed = true) }) as unknown as Http1Upstream & {
    isClosed: boolean;
  };
}

describe('a pool of idle streams', () => {
  test('gives out the warmest first, each once, by its key', () => {
    const pool = new OriginPool();
    const [a, b, other] = [upstream(), upstream({ idleSinceMs: 5 }), upstream({ poolKey: '0 b.test' })];
    for (const one of [a, b, other]) pool.put(one, 10);
    assert.equal(pool.idleCount, 3);
    assert.equal(pool.take(0, true, 10), b);
    assert.equal(pool.take(0, true, 10), a);
    assert.equal(pool.take(0, true, 10), undefined);
    assert.equal(pool.take('0 b.test', true, 10), other);
    assert.equal(pool.take('0 c.test', true, 10), undefined);
  });

  test('gives only young ones to requests that must not be sent twice', () => {
    const pool = new OriginPool();
    const one = upstream({ idleSinceMs: 1000 });
    pool.put(one, 10);
    assert.equal(pool.take(0, false, 3001), undefined);
    assert.equal(pool.take(0, false, 3000), one);
  });

  test('keeps no more than the rule allows', () => {
    const pool = new OriginPool();
    const all = [upstream(), upstream(), upstream()];
    for (const one of all) pool.put(one, 2);
    assert.deepEqual(
      all.map(({ isClosed }) => isClosed),
      [false, false, true],
    );
    const none = upstream();
    new OriginPool().put(none, 0);
    assert.equal(none.isClosed, true);
  });

  test('closes what is idle for too long, and forgets what the origin closed', () => {
    const pool = new OriginPool();
    const [old, gone, fresh] = [upstream(), upstream({ idleSinceMs: 500 }), upstream({ idleSinceMs: 900 })];
    for (const one of [old, gone, fresh]) pool.put(one, 10);
    pool.discard(gone);
    pool.discard(upstream());
    pool.sweep(1001);
    assert.equal(old.isClosed, true);
    assert.equal(pool.idleCount, 1);
    assert.equal(pool.take(0, true, 1001), fresh);
  });

  test('keeps nothing of earlier rules', () => {
    const pool = new OriginPool();
    const [idle, busy] = [upstream(), upstream()];
    pool.put(idle, 10);
    pool.retire();
    assert.equal(idle.isClosed, true);
    pool.put(busy, 10);
    assert.equal(busy.isClosed, true);
    assert.equal(pool.idleCount, 0);
    const next = upstream({ generation: pool.generation });
    pool.put(next, 10);
    assert.equal(next.isClosed, false);
  });
});
