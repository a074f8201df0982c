import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { ExchangePace } from './exchange-pace.ts';
import { TokenBucket } from './token-bucket.ts';

const rate = { capacity: 1000, perMs: 1 };

function world(clock: FakeClock, bucket = new TokenBucket(rate, clock.nowMs())) {
  const told: string[] = [];
  const exchange = {
    progressMs: 0,
    downstreamDrained: () => void told.push('down'),
    upstreamDrained: () => void told.push('up'),
  };
  const paced = { bucket, rate };
  return { told, exchange, pace: new ExchangePace(exchange, { down: paced, up: paced }, clock) };
}

test('bytes within the rate pass, more have the sender wait until they are paid for', () => {
  const clock = new FakeClock();
  const { told, pace } = world(clock);
  assert.equal(pace.pass('down', 1000, true), true);
  assert.equal(pace.pass('down', 500, true), false);
  assert.equal(pace.holds('down'), true, 'the reader has room, and the rate has not');
  clock.advance(499);
  assert.deepEqual(told, []);
  clock.advance(1);
  assert.deepEqual(told, ['down']);
  assert.equal(pace.holds('down'), false);
});

test('a slow reader is waited for as well, whichever comes last', () => {
  const clock = new FakeClock();
  const { told, pace } = world(clock);
  assert.equal(pace.pass('up', 1100, false), false);
  clock.advance(200);
  assert.deepEqual(told, [], 'the reader is still full');
  assert.equal(pace.holds('up'), false, 'now it is the reader who tells');
});

test('a long wait counts as progress, and a closed exchange is left alone', () => {
  const clock = new FakeClock();
  const { told, exchange, pace } = world(clock);
  pace.pass('down', 13_000, true);
  clock.advance(5_000);
  assert.equal(exchange.progressMs, clock.nowMs());
  assert.deepEqual(told, []);
  pace.close();
  clock.advance(60_000);
  assert.deepEqual(told, []);
});

test('two that share a bucket share the rate', () => {
  const clock = new FakeClock();
  const bucket = new TokenBucket(rate, clock.nowMs());
  const [one, other] = [world(clock, bucket), world(clock, bucket)];
  one.pace.pass('down', 1500, true);
  other.pace.pass('down', 500, true);
  clock.advance(600);
  assert.deepEqual([one.told, other.told], [[], []]);
  clock.advance(400);
  assert.deepEqual([one.told, other.told], [['down'], ['down']]);
});
