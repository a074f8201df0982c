import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { atOneMoment, nextMoment, systemClock } from './clock.ts';

/** Waits without giving the event loop a turn, until real time has moved. */
function spin(): void {
  const began = performance.now();
  while (performance.now() - began < 2);
}

describe("the machine's clock", () => {
  it('stands still while something happens at one moment, also within it, and goes on afterwards', () => {
    const seen: number[] = [];
    atOneMoment(() => {
      seen.push(systemClock.nowMs());
      spin();
      atOneMoment(() => seen.push(systemClock.nowMs()));
      spin();
      seen.push(systemClock.nowMs());
    });
    assert.equal(new Set(seen).size, 1);
    assert.ok(systemClock.nowMs() > seen[0]!);
  });

  it('goes on after something that threw', () => {
    assert.throws(() => atOneMoment(() => assert.fail('as it must')), /as it must/);
    const before = systemClock.nowMs();
    spin();
    assert.ok(systemClock.nowMs() > before);
  });

  it('moves on when a moment is said to be over, and only then', () => {
    atOneMoment(() => {
      const first = systemClock.nowMs();
      spin();
      const second = nextMoment(systemClock);
      spin();
      assert.ok(second > first);
      assert.equal(systemClock.nowMs(), second);
    });
    const after = nextMoment(systemClock);
    spin();
    assert.ok(systemClock.nowMs() > after);
  });

  it('tells the wall time of the moment', () => {
    atOneMoment(() => {
      const wall = systemClock.wallMs();
      spin();
      assert.equal(systemClock.wallMs(), wall);
      assert.ok(Math.abs(wall - Date.now()) < 1_000);
    });
  });
});
