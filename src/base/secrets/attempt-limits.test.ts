import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SallyportError } from '../errors.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { AttemptLimits, signInRules } from './attempt-limits.ts';

/** Seconds to wait, 0 when the attempt may be made. */
function waitOf(limits: AttemptLimits, address: string, account?: string): number {
  try {
    limits.begin({ address, account });
    return 0;
  } catch (error) {
    assert.ok(error instanceof SallyportError);
    return error.facts.retryAfterS!;
  }
}

test('an address waits after ten failures, whomever it tries; an IPv6 household counts as one', () => {
  const clock = new FakeClock();
  const limits = new AttemptLimits(clock, signInRules);
  for (let i = 0; i < 11; i++) assert.equal(waitOf(limits, `2001:db8:1:2::${i}`, `user-${i}`), 0);
  assert.equal(waitOf(limits, '2001:db8:1:2:ffff::1', 'another'), 1);
  assert.equal(waitOf(limits, '2001:db8:1:3::1', 'another'), 0);
  assert.equal(waitOf(limits, '192.0.2.1', 'another'), 0);
});

test('IPv4 in IPv6 clothes is the same address, and what is no address counts as one', () => {
  const limits = new AttemptLimits(new FakeClock(), signInRules);
  for (let i = 0; i < 11; i++)
    assert.equal(waitOf(limits, i % 2 ? '::ffff:192.0.2.9' : '192.0.2.9', `u${i}`), 0);
  assert.equal(waitOf(limits, '192.0.2.9', 'x'), 1);
  for (let i = 0; i < 11; i++) assert.equal(waitOf(limits, ['', 'unknown', 'x, y'][i % 3]!, `v${i}`), 0);
  assert.equal(waitOf(limits, 'no address', 'x'), 1);
});

test('failures are forgotten after an hour of peace, whatever the wall clock does', () => {
  const clock = new FakeClock();
  const limits = new AttemptLimits(clock, signInRules);
  for (let i = 0; i < 11; i++) waitOf(limits, '192.0.2.1', 'ada');
  clock.shiftWall(86_400_000);
  assert.equal(waitOf(limits, '192.0.2.1', 'ada'), 2);
  clock.advance(3_600_001);
  for (let i = 0; i < 11; i++) assert.equal(waitOf(limits, '192.0.2.1', 'ada'), 0);
  assert.equal(waitOf(limits, '192.0.2.1', 'ada'), 2);
});

test('a success takes back its own attempt only, so that a guesser with an account of his own gains nothing', () => {
  const limits = new AttemptLimits(new FakeClock(), signInRules);
  for (let i = 0; i < 10; i++) {
    assert.equal(waitOf(limits, '192.0.2.1', 'ada'), 0);
    limits.begin({ address: '192.0.2.1', account: 'mallory' }).succeeded();
  }
  assert.equal(waitOf(limits, '192.0.2.1', 'ada'), 0);
  assert.ok(waitOf(limits, '192.0.2.1', 'ada') > 0);
});

test('strangers together are slowed down, and whoever was in before is not', () => {
  const limits = new AttemptLimits(new FakeClock(), signInRules);
  limits.begin({ address: '192.0.2.1', account: 'ada' }).succeeded();
  let waits = 0;
  for (let i = 0; i < 400; i++) waits += waitOf(limits, `10.0.${i >> 8}.${i & 255}`, `user-${i}`) > 0 ? 1 : 0;
  assert.ok(waits > 100, `${waits}`);
  assert.equal(waitOf(limits, '192.0.2.1', 'ada'), 0);
});

test('a flood of names does not grow the tables without end, nor free whom it has blocked', () => {
  const clock = new FakeClock();
  const limits = new AttemptLimits(clock, signInRules);
  for (let i = 0; i < 11; i++) waitOf(limits, `10.9.0.${i}`, 'ada');
  // As fast as strangers may go at all, for an hour.
  for (let second = 0; second < 3_600; second += 4) {
    clock.advance(4_000);
    waitOf(limits, `10.${second >> 16}.${(second >> 8) & 255}.${second & 255}`, `name-${second}`);
    if (second % 600 === 0) waitOf(limits, '10.200.0.1', 'ada');
  }
  assert.ok(waitOf(limits, '10.201.0.1', 'ada') > 0);
});
