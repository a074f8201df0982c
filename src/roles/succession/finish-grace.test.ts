import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { FinishGrace } from './finish-grace.ts';

const graceMs = 10_000;

test('what is left ends some time after it is asked to, not before, also where that came first', () => {
  for (const isAskedFirst of [false, true]) {
    const [clock, asked] = [new FakeClock(), new AbortController()];
    if (isAskedFirst) asked.abort();
    const grace = new FinishGrace(asked.signal, clock);
    if (!isAskedFirst) {
      clock.advance(10 * graceMs);
      asked.abort();
    }
    clock.advance(graceMs - 1);
    assert.equal(grace.over.aborted, false);
    clock.advance(1);
    assert.equal(grace.over.aborted, true);
  }
});

test('nothing fires once it is closed, whether it was asked before or is asked later', () => {
  for (const isAskedFirst of [false, true]) {
    const [clock, asked] = [new FakeClock(), new AbortController()];
    const grace = new FinishGrace(asked.signal, clock);
    if (isAskedFirst) asked.abort();
    grace.close();
    asked.abort();
    clock.advance(10 * graceMs);
    assert.equal(grace.over.aborted, false);
  }
});
