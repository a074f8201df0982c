// The keys of access as edges of one store exchange them: by age, by hand, at once, and two edges at the same time.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { createRingSigner } from '#model/access/access-key-signer.ts';
import { type AccessKeyRing, keysOf, signingKey } from '#model/access/access-keys.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { firstRing } from './access-key-drawing.ts';
import { AccessKeyKeeper, type KeyShelf } from './access-key-keeper.ts';

const dayMs = 86_400_000;
const ageMs = 90 * dayMs;

/** A store in memory, with a lease. */
class MemoryShelf implements KeyShelf {
  text: string | undefined;
  isAway = false;
  #isTaken = false;

  load(): Promise<AccessKeyRing | undefined> {
    if (this.isAway) return Promise.reject(new Error('the store is away'));
    return Promise.resolve(this.text === undefined ? undefined : (JSON.parse(this.text) as AccessKeyRing));
  }

  keep(ring: AccessKeyRing): Promise<void> {
    this.text = JSON.stringify(ring);
    return Promise.resolve();
  }

  async alone(work: () => Promise<void>): Promise<boolean> {
    if (this.#isTaken) return false;
    this.#isTaken = true;
    try {
      await work();
    } finally {
      this.#isTaken = false;
    }
    return true;
  }
}

const world = () => {
  const clock = new FakeClock();
  const shelf = new MemoryShelf();
  const edge = () => {
    const seen: AccessKeyRing[] = [];
    const own = firstRing(systemRandom, clock.wallMs());
    const keeper = new AccessKeyKeeper({
      ...{ shelf, own, clock, random: systemRandom, log: silentLog, ageMs: () => ageMs },
      onRing: (ring) => Promise.resolve(void seen.push(ring)),
    });
    const signer = createRingSigner(
      () => keeper.ring,
      () => clock.wallMs(),
    );
    return { keeper, seen, own, signer };
  };
  return { clock, shelf, edge };
};

test('the first edge gives the store its keys, the second takes them over; each opens what the other signs', async () => {
  const { edge } = world();
  const [first, second] = [edge(), edge()];
  await first.keeper.look();
  assert.deepEqual(first.keeper.ring, first.own);
  assert.deepEqual(first.seen, [], 'nothing is new to it');
  await second.keeper.look();
  assert.deepEqual(second.keeper.ring, first.own);
  assert.deepEqual(second.seen, [first.own]);
  for (const [one, other] of [
    [first, second],
    [second, first],
  ] as const)
    assert.equal(other.signer.open('access visit', one.signer.sign('access visit', 'ada')), 'ada');
});

test('two edges that find nothing at the same moment end up with the keys of one of them', async () => {
  const { edge, clock } = world();
  const [first, second] = [edge(), edge()];
  const both = Promise.all([first.keeper.look(), second.keeper.look()]);
  const timer = setInterval(() => clock.advance(100), 1);
  await both;
  clearInterval(timer);
  await Promise.all([first.keeper.look(), second.keeper.look()]);
  assert.deepEqual(first.keeper.ring, second.keeper.ring);
});

test('keys are exchanged by age: made a day ahead, once, whatever the number of edges', async () => {
  const { edge, clock } = world();
  const [first, second] = [edge(), edge()];
  await first.keeper.look();
  await second.keeper.look();
  clock.advance(ageMs - dayMs - 1);
  await first.keeper.look();
  assert.equal(first.keeper.ring.passage.length, 1);
  clock.advance(1);
  await first.keeper.look();
  await second.keeper.look();
  await first.keeper.look();
  assert.deepEqual(first.keeper.ring, second.keeper.ring);
  const { passage, assertion } = first.keeper.ring;
  assert.deepEqual([passage.length, assertion.length], [2, 2]);
  assert.equal(signingKey(passage, clock.wallMs()), passage[0]);
  clock.advance(dayMs);
  assert.equal(signingKey(passage, clock.wallMs()), passage[1]);
});

test('by hand: new keys sign in a day, and a second word changes nothing; at once, the old ones are worth nothing', async () => {
  const { edge, clock } = world();
  const [first, second] = [edge(), edge()];
  await first.keeper.look();
  await second.keeper.look();
  const text = first.signer.sign('access visit', 'ada');
  await first.keeper.rotate(false);
  await first.keeper.rotate(false);
  assert.equal(first.keeper.ring.passage.length, 2);
  clock.advance(dayMs + 1);
  await second.keeper.look();
  assert.equal(second.signer.open('access visit', text), 'ada');
  assert.notEqual(second.signer.sign('access visit', 'ada'), text);
  await second.keeper.rotate(true);
  await first.keeper.look();
  assert.deepEqual(first.keeper.ring, second.keeper.ring);
  assert.deepEqual([first.keeper.ring.passage.length, first.keeper.ring.assertion.length], [1, 1]);
  assert.equal(first.signer.open('access visit', text), undefined);
});

test('an RSA key is made when it is wanted first, signs at once, and is exchanged with the others', async () => {
  const { edge } = world();
  const { keeper } = edge();
  await keeper.look();
  keeper.want('RS256');
  await keeper.look();
  const [key] = keysOf(keeper.ring, 'RS256');
  assert.ok(key && key.signsFromMs === key.madeAtMs);
  await keeper.look();
  assert.equal(keysOf(keeper.ring, 'RS256').length, 1);
  await keeper.rotate(false);
  assert.equal(keysOf(keeper.ring, 'RS256').length, 2);
});

test('while the store is away, an edge goes on with what it has, and nothing is made', async () => {
  const { edge, shelf, clock } = world();
  const { keeper, own } = edge();
  shelf.isAway = true;
  await keeper.look();
  assert.deepEqual(keeper.ring, own);
  clock.advance(2 * ageMs);
  await keeper.look();
  assert.deepEqual(keeper.ring, own);
  assert.equal(shelf.text, undefined);
  shelf.isAway = false;
  await keeper.look();
  assert.notEqual(shelf.text, undefined);
});
