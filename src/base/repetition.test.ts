import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { createLog, silentLog } from './log.ts';
import { Repetition } from './repetition.ts';

const what = 'The work';

const rest = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a turn begins some time after the one before has ended, and none after the stop', async () => {
  const clock = new FakeClock();
  let turns = 0;
  let gate = Promise.withResolvers<void>();
  const work = async (): Promise<void> => {
    turns += 1;
    await gate.promise;
  };
  const repetition = new Repetition({ clock, everyMs: 100, work, what, log: silentLog });
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
  new Repetition({ clock, everyMs: 100, work, what, log: silentLog }).stop();
  clock.advance(1_000);
  assert.equal(turns, 2, 'stopped before the first');
});

for (const [how, fail] of [
  [
    'throws',
    (): void => {
      throw new Error('no');
    },
  ],
  ['rejects', (): Promise<void> => Promise.reject(new Error('no'))],
] as const) {
  test(`work that ${how} is told of once, and goes on`, async () => {
    const clock = new FakeClock();
    const lines: string[] = [];
    const log = createLog({ level: 'info', format: 'json', write: (line) => lines.push(line) });
    let turns = 0;
    let isBroken = true;
    const work = (): void | Promise<void> => {
      turns += 1;
      return isBroken ? fail() : undefined;
    };
    const turn = async (): Promise<void> => {
      clock.advance(100);
      await rest();
    };
    const repetition = new Repetition({ clock, everyMs: 100, work, what, log });
    for (let i = 0; i < 3; i++) await turn();
    assert.equal(turns, 3);
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /Error: no.*The work has failed; it is tried again/);
    isBroken = false;
    await turn();
    isBroken = true;
    await turn();
    assert.equal(lines.length, 2, 'it had succeeded in between');
    repetition.stop();
    await turn();
    assert.equal(turns, 5);
  });
}
