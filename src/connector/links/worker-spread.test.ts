// A connector's connections spread over an edge's workers, under a clock that is moved by hand.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import type { WorkerSeat } from '#tunnel/worker-seat.ts';
import { type SpreadLink, WorkerSpread } from './worker-spread.ts';

/** Links whose successors come to the given workers, one after the other. */
function world(count: number, first: readonly number[], next: number[]) {
  const clock = new FakeClock();
  const renewed: number[] = [];
  const seats: (WorkerSeat | undefined)[] = first.map((number) => ({ number, count }));
  let added = 0;
  const links = (): SpreadLink[] =>
    seats.map((seat, i) => ({
      seat,
      renew() {
        renewed.push(i);
        seats[i] = { number: next.shift() ?? 1, count };
      },
    }));
  const spread = new WorkerSpread({
    ...{ clock, random: seededRandom(1), links },
    addLink() {
      added += 1;
      seats.push({ number: next.shift() ?? 1, count });
    },
  });
  return { clock, spread, renewed, seats, added: () => added };
}

describe('connections and workers', () => {
  test('an edge of one process is left as it is', () => {
    const { clock, spread, renewed } = world(1, [1, 1, 1, 1], []);
    spread.look();
    clock.advance(600_000);
    assert.deepEqual(renewed, []);
  });

  test('one connection at a time is made anew until every worker has one', () => {
    const { clock, spread, renewed } = world(2, [1, 1, 1, 1], [1, 1, 2]);
    spread.look();
    assert.deepEqual(spread.missing, [2]);
    clock.advance(600_000);
    assert.deepEqual(spread.missing, []);
    assert.equal(renewed.length, 3, 'and not once more');
  });

  test('where there are fewer connections than workers, there will be more', () => {
    const { clock, spread, added, seats } = world(3, [1, 2], [3]);
    spread.look();
    clock.advance(600_000);
    assert.equal(added(), 1);
    assert.equal(seats.length, 3);
  });

  test('a worker that cannot be reached is tried for ever more rarely', () => {
    const { clock, spread, renewed } = world(2, [1, 1], []);
    spread.look();
    clock.advance(60_000);
    const early = renewed.length;
    assert.ok(early >= 5, `${early} in the first minute`);
    clock.advance(60_000);
    assert.ok(renewed.length - early <= 4, `${renewed.length - early} in the second`);
    spread.close();
    const before = renewed.length;
    clock.advance(600_000);
    assert.equal(renewed.length, before);
  });
});
