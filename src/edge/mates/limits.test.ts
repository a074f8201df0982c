// Limits that hold over all workers of an edge, each within the bound that docs/workers.md states.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { AttemptLimits, signInRules } from '#base/secrets/attempt-limits.ts';
import { isSallyportError } from '#base/errors.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { introduce, linkedMates } from '#testkit/linked-mates.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { Bans } from '../shaping/bans.ts';
import { LimitTables } from '../shaping/limit-steps.ts';
import { ConnectionCensus } from './connection-census.ts';
import { SharedAttempts } from './shared-attempts.ts';
import { shareBans } from './shared-bans.ts';

const newsMs = 50;

describe('rates', () => {
  const rate = { capacity: 10, perMs: 10 / 60_000 };
  const world = () => {
    const clock = new FakeClock();
    const mates = linkedMates(2);
    const tables = mates.map((each) => new LimitTables({ mates: each, clock }).tableOf('limit', rate));
    introduce(mates);
    const take = (worker: number): boolean => {
      const taken = tables[worker]!.bucketOf('client', clock.nowMs()).takeOne(rate, clock.nowMs());
      return taken;
    };
    return { clock, take, tables };
  };

  test('what one lets pass, the other does not a moment later', () => {
    const { clock, take } = world();
    for (let i = 0; i < 10; i++) {
      assert.ok(take(i % 2), `request ${i}`);
      clock.advance(newsMs);
    }
    assert.deepEqual([take(0), take(1)], [false, false]);
  });

  test('within a moment both may be emptied, and that is paid back before anything passes', () => {
    const { clock, take } = world();
    let passed = 0;
    for (let i = 0; i < 30; i++) if (take(i % 2)) passed += 1;
    assert.equal(passed, 20, 'a bucket for each worker at most');
    // The ten that were too many take a minute, the next one six seconds more.
    clock.advance(60_000);
    assert.deepEqual([take(0), take(1)], [false, false]);
    clock.advance(6_100);
    assert.ok(take(0));
  });

  test('bytes count as requests do', () => {
    const { clock, tables } = world();
    const [here, there] = tables.map((table) => table.bucketOf('client', clock.nowMs()));
    here!.take(25, rate, clock.nowMs());
    clock.advance(newsMs);
    const waits = [here, there].map((bucket) => bucket!.waitMs(0, rate, clock.nowMs()));
    assert.ok(Math.abs(waits[0]! - waits[1]!) <= newsMs, waits.join(' '));
    assert.ok(waits[1]! > 80_000);
  });
});

describe('connections', () => {
  test('those at other workers count, in all and by address, until they end or their worker does', () => {
    const clock = new FakeClock();
    const mates = linkedMates(3);
    const [a, b, c] = mates.map((each) => new ConnectionCensus(each, clock).of('https'));
    introduce(mates);
    a!.changed('192.0.2.1', 2, 2);
    b!.changed('192.0.2.1', 1, 1);
    b!.changed('192.0.2.2', 1, 2);
    clock.advance(newsMs);
    assert.deepEqual([c!.total, c!.of('192.0.2.1'), c!.of('192.0.2.2')], [4, 3, 1]);
    assert.deepEqual([a!.total, a!.of('192.0.2.1')], [2, 1], 'its own are not elsewhere');
    b!.changed('192.0.2.1', 0, 1);
    clock.advance(newsMs);
    assert.deepEqual([c!.total, c!.of('192.0.2.1')], [3, 2]);
    mates[2]!.left(1);
    assert.deepEqual([c!.total, c!.of('192.0.2.1')], [1, 0]);
    mates[2]!.joined(1);
    mates[0]!.joined(3);
    assert.deepEqual([c!.total, c!.of('192.0.2.1')], [3, 2], 'a newcomer is told all');
  });
});

describe('bans', () => {
  const rule = { after: 3, withinMs: 60_000, forMs: 600_000 };
  const world = () => {
    const clock = new FakeClock();
    const mates = linkedMates(3);
    const tables = mates.map((each) => {
      const bans = new Bans();
      shareBans(bans, each, clock);
      return bans;
    });
    introduce(mates);
    return { clock, mates, tables };
  };

  test('hits at all count, and a ban holds at all', () => {
    const { clock, tables } = world();
    const nowMs = clock.nowMs();
    assert.equal(tables[0]!.hit('192.0.2.1', rule, nowMs, 'first'), false);
    assert.equal(tables[1]!.hit('192.0.2.1', rule, nowMs, 'second'), false);
    assert.equal(tables[0]!.hit('192.0.2.1', rule, nowMs, 'third'), true);
    for (const bans of tables) {
      assert.equal(bans.leftMs('192.0.2.1', nowMs), rule.forMs);
      assert.deepEqual(
        bans.list(nowMs).map(({ why }) => why),
        ['third'],
      );
    }
    assert.deepEqual(
      tables.map(({ total }) => total),
      [1, 0, 0],
      'one ban is one in the sum',
    );
  });

  test('a worker that comes later learns of bans in force', () => {
    const { clock, mates, tables } = world();
    for (let i = 0; i < 3; i++) tables[0]!.hit('192.0.2.1', rule, clock.nowMs());
    const late = new Bans();
    shareBans(late, mates[2]!, clock);
    clock.advance(1_000);
    mates[0]!.left(3);
    mates[0]!.joined(3);
    assert.equal(late.leftMs('192.0.2.1', clock.nowMs()), rule.forMs - 1_000);
  });
});

describe('guesses', () => {
  test('an attempt at one counts at the other, and one that succeeded does not', () => {
    const clock = new FakeClock();
    const mates = linkedMates(2);
    const random = seededRandom(1);
    const [a, b] = mates.map(
      (each) => new SharedAttempts(new AttemptLimits(clock, signInRules), { random, mates: each }),
    );
    introduce(mates);
    const guess = { address: '192.0.2.1', account: 'door' };
    a!.begin(guess).takeBack();
    for (let i = 0; i < signInRules.address.free + 1; i++) (i % 2 === 0 ? a! : b!).begin(guess);
    for (const limits of [a!, b!])
      assert.throws(
        () => limits.begin(guess),
        (error) => isSallyportError(error, 'too-many-requests'),
      );
  });
});
