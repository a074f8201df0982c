import assert from 'node:assert/strict';
import { test } from 'node:test';
import { forgetMs, OriginHealth } from './origin-health.ts';

test('an origin nobody has asked is not known, and is well once it has answered', () => {
  const health = new OriginHealth();
  assert.equal(health.state, 'unknown');
  health.answered();
  assert.equal(health.state, 'ok');
  assert.equal(health.isInDoubt, false);
});

test('one failure is a doubt, three in a row are down, an answer ends it', () => {
  const health = new OriginHealth();
  health.answered();
  health.failed('no answer in 30 s', 'origin-timeout', 0);
  assert.equal(health.state, 'degraded');
  health.failed('no answer in 30 s', 'origin-timeout', 1);
  health.failed('no answer in 30 s', 'origin-timeout', 2);
  assert.equal(health.state, 'down');
  assert.equal(health.sentence, 'The last request to it failed: no answer in 30 s.');
  health.answered();
  assert.deepEqual([health.state, health.isInDoubt], ['ok', false]);
  health.failed('it closed', 'origin-closed', 3);
  assert.equal(health.state, 'degraded', 'what was before the answer does not count');
});

test('a failed dial makes it down at once, and a good one ends what a dial had found', () => {
  const health = new OriginHealth();
  health.failed('origin-refused: connection refused', 'origin-refused', 0);
  health.dialled('origin-refused: connection refused', 15_000);
  assert.equal(health.state, 'down');
  health.dialled('', 30_000);
  assert.equal(health.state, 'ok');
});

test('where it can be reached and did not answer well, only an answer or time ends the doubt', () => {
  const health = new OriginHealth();
  health.failed('no answer in 30 s', 'origin-timeout', 0);
  health.dialled('', 15_000);
  assert.equal(health.state, 'degraded');
  health.dialled('', forgetMs);
  assert.equal(health.state, 'unknown');
});

test('an origin that answers 503 is in doubt, and never down', () => {
  const health = new OriginHealth();
  for (let i = 0; i < 10; i++) health.failed('it answered 503', undefined, i);
  assert.equal(health.state, 'degraded');
});
