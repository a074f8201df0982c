import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { Repetition } from './repetition.ts';

const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a turn begins some time after the one before has ended, and none after the stop', async () => {
  const clock = new FakeClock();
  let turns = 0;
  let gate = Promise.withResolvers<void>();
  const work = async (): Promise<void> => {
    turns += 1;
    await gate.promise;
  };
  const repetition = new Repetition({ clock, everyMs: 100, work });
  clock.advance(99);
  assert.equal(turns, 0);
  clock.advance(1_000);
  assert.equal(turns, 1, 'the first is under way still');
  gate.resolve();
  gate = Promise.withResolvers();
  await rest();
  clock.advance(100);
  assert.equal(turns, 2);
  repetition.stop();
  gate.resolve();
  await rest();
  clock.advance(1_000);
  assert.equal(turns, 2, 'stopped during a turn');
  new Repetition({ clock, everyMs: 100, work }).stop();
  clock.advance(1_000);
  assert.equal(turns, 2, 'stopped before the first');
});
