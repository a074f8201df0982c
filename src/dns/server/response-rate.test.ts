import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ResponseRate } from './response-rate.ts';

const options = { perSecond: 5, allPerSecond: 20, slip: 2, maxEntries: 100 };
const victim = '192.0.2.1';

test('like answers beyond the limit are dropped and, every other time, truncated; a second later all is well', () => {
  const rate = new ResponseRate(options);
  const decisions = Array.from({ length: 9 }, () => rate.decide(victim, 'a', 0));
  assert.deepEqual(decisions, [...Array<string>(5).fill('send'), 'drop', 'truncate', 'drop', 'truncate']);
  assert.equal(rate.decide(victim, 'a', 1000), 'send');
});

test('other answers, and other networks, have limits of their own', () => {
  const rate = new ResponseRate(options);
  for (let i = 0; i < 9; i++) rate.decide(victim, 'a', 0);
  assert.equal(rate.decide(victim, 'b', 0), 'send');
  assert.equal(rate.decide('192.0.3.1', 'a', 0), 'send');
  assert.notEqual(rate.decide('192.0.2.200', 'a', 0), 'send');
  const six = new ResponseRate(options);
  for (let i = 0; i < 9; i++) six.decide('2001:db8:0:1::1', 'a', 0);
  assert.notEqual(six.decide('2001:db8:0:2::1', 'a', 0), 'send');
  assert.equal(six.decide('2001:db8:0:100::1', 'a', 0), 'send');
  // A dual-stack socket tells IPv4 addresses in their mapped form.
  assert.notEqual(rate.decide('::ffff:192.0.2.9', 'a', 0), 'send');
});

test('ever new names do not get round the limit', () => {
  const rate = new ResponseRate(options);
  const sent = Array.from({ length: 100 }, (_, i) => rate.decide(victim, `name-${i}`, 0)).filter(
    (one) => one === 'send',
  );
  assert.equal(sent.length, 20);
});

test('memory is bounded, whoever asks', () => {
  const rate = new ResponseRate(options);
  for (let i = 0; i < 5000; i++) rate.decide(`10.${i >> 8}.${i & 255}.1`, 'a', 0);
  assert.equal(rate.size, 100);
});

test('without slip everything over the limit is dropped', () => {
  const rate = new ResponseRate({ ...options, slip: 0 });
  const decisions = new Set(Array.from({ length: 20 }, () => rate.decide(victim, 'a', 0)));
  assert.deepEqual([...decisions], ['send', 'drop']);
});
