import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { countTimers } from './counted-clock.ts';

test('timers count until they fire or are cancelled, each once', () => {
  const fake = new FakeClock();
  const clock = countTimers(fake);
  let fired = 0;
  const first = clock.after(1_000, () => {
    fired += 1;
    assert.equal(clock.pendingTimers, 1, 'while it runs it is no longer pending');
  });
  const second = clock.after(5_000, () => (fired += 1));
  assert.equal(clock.pendingTimers, 2);
  fake.advance(1_000);
  first.cancel();
  assert.equal(clock.pendingTimers, 1);
  second.cancel();
  second.cancel();
  assert.equal(clock.pendingTimers, 0);
  fake.advance(10_000);
  assert.deepEqual([fired, clock.pendingTimers], [1, 0]);
  assert.equal(clock.nowMs(), fake.nowMs());
});
