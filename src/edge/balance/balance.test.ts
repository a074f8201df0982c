// Balancing under virtual time: shares, stickiness, backups, checks in a row, ejection with trial and slow start, the retry
// budget and the circuit breaker. Every clock reading is an argument.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balanceEntryOf, balanceSchema } from '#model/routes/balance-policy.ts';
import { Balancer, Member, type PickOptions } from './balancer.ts';
import { MemberHealth } from './member-health.ts';
import { RetryBudget } from './retry-budget.ts';

const three = [{ tunnel: 'a' }, { tunnel: 'b' }, { tunnel: 'c' }];

function entryOf(given: object) {
  return balanceEntryOf(balanceSchema.parse(given), 'own', (tunnel) => tunnel);
}

function balancerOf(given: object): Balancer {
  return new Balancer(entryOf(given));
}

const online = (): boolean => true;

function pick(balancer: Balancer, options: Partial<PickOptions> = {}): Member {
  const member = balancer.pick({ nowMs: 0, isOnline: online, ...options });
  assert.ok(member instanceof Member, 'somebody can take it');
  return member;
}

/** Names of the members that so many requests go to, each of which is over at once. */
function spread(
  balancer: Balancer,
  count: number,
  options: Partial<PickOptions> = {},
): Record<string, number> {
  const counts: Record<string, number> = {};
  for (let i = 0; i < count; i++) {
    const member = pick(balancer, options);
    member.begin();
    member.end('', options.nowMs ?? 0);
    counts[member.entry.name] = (counts[member.entry.name] ?? 0) + 1;
  }
  return counts;
}

test('weighted: shares are exact, and smooth rather than in blocks', () => {
  const balancer = balancerOf({
    policy: 'weighted',
    members: [
      { tunnel: 'a', weight: 5 },
      { tunnel: 'b', weight: 1 },
      { tunnel: 'c', weight: 1 },
    ],
  });
  const order = Array.from({ length: 7 }, () => pick(balancer).entry.name).join('');
  assert.equal(order, 'aabacaa');
  assert.deepEqual(spread(balancer, 700), { a: 500, b: 100, c: 100 });
});

test('least: the fewest under way for its weight, and by turn between equals', () => {
  const balancer = balancerOf({ members: three });
  assert.deepEqual(spread(balancer, 300), { a: 100, b: 100, c: 100 });
  const [a, b, c] = balancer.members;
  for (let i = 0; i < 5; i++) a!.begin();
  b!.begin();
  assert.equal(pick(balancer), c);
  c!.begin();
  c!.begin();
  assert.equal(pick(balancer), b);
  const heavy = balancerOf({ members: [{ tunnel: 'a', weight: 3 }, { tunnel: 'b' }] });
  for (let i = 0; i < 40; i++) pick(heavy).begin();
  assert.deepEqual(
    heavy.members.map(({ active }) => active),
    [30, 10],
  );
});

test('sticky: the visitor’s member as long as it can be used, another one then', () => {
  const balancer = balancerOf({ sticky: 'member', members: three, eject: { failures: 1 } });
  const mine = balancer.members[1]!;
  assert.deepEqual(spread(balancer, 50, { wanted: mine.key }), { b: 50 });
  mine.begin();
  mine.end('it broke', 0);
  assert.equal(spread(balancer, 50, { wanted: mine.key })['b'], undefined);
  assert.notEqual(pick(balancer, { wanted: 'no member’s' }), undefined);
  assert.match(mine.key, /^[0-9a-f]{12}$/, 'it says nothing of where the member is');
});

test('backups take over when no other can, and give back', () => {
  const balancer = balancerOf({ members: [{ tunnel: 'a' }, { tunnel: 'b', isBackup: true }] });
  assert.deepEqual(spread(balancer, 20), { a: 20 });
  const isOnline = (id: string): boolean => id !== 'a';
  assert.deepEqual(spread(balancer, 20, { isOnline }), { b: 20 });
  assert.deepEqual(spread(balancer, 20), { a: 20 });
  // A second try after a failure of the only primary goes there, too.
  assert.equal(pick(balancer, { except: balancer.members[0] }).entry.name, 'b');
  assert.equal(balancer.pick({ nowMs: 0, isOnline: () => false }), 'no-connector');
});

test('checks: so many bad ones in a row take a member out, so many good ones bring it back', () => {
  const health = new MemberHealth(entryOf({ check: { rise: 2, fall: 3 } }));
  for (const trouble of ['x', 'x', '', 'x', 'x']) health.checked(trouble, 0);
  assert.equal(health.isUsable(0), true, 'never three in a row');
  health.checked('no answer', 0);
  assert.deepEqual([health.isUsable(0), health.state(0), health.trouble], [false, 'down', 'no answer']);
  for (const trouble of ['', 'x', '']) health.checked(trouble, 0);
  assert.equal(health.isUsable(0), false, 'never two in a row');
  health.checked('', 0);
  assert.deepEqual([health.isUsable(0), health.state(0), health.trouble], [true, 'up', '']);
});

test('ejection: failures in a row, a time, one trial; a bad trial doubles the time, a good one starts slowly', () => {
  const health = new MemberHealth(entryOf({ eject: { failures: 3, seconds: 10, slowStartSeconds: 20 } }));
  const request = (trouble: string, nowMs: number): void => {
    health.begun();
    health.ended(trouble, nowMs);
  };
  for (const trouble of ['x', 'x', '', 'x', 'x']) request(trouble, 0);
  assert.equal(health.isUsable(0), true);
  request('x', 1_000);
  assert.deepEqual([health.state(1_000), health.isUsable(10_999)], ['ejected', false]);
  // What was under way at that moment changes nothing.
  health.ended('x', 5_000);
  health.ended('', 6_000);
  assert.equal(health.isUsable(10_999), false);
  assert.deepEqual([health.state(11_000), health.isUsable(11_000)], ['trial', true]);
  health.begun();
  assert.equal(health.isUsable(11_500), false, 'one trial at a time');
  health.ended('still broken', 12_000);
  assert.deepEqual([health.isUsable(31_999), health.isUsable(32_000)], [false, true]);
  request('', 32_000);
  assert.deepEqual(
    [health.state(32_000), health.share(32_000), health.share(42_000), health.share(52_000)],
    ['starting', 0.05, 0.5, 1],
  );
  assert.equal(health.state(52_000), 'up');
  // A client that leaves in the midst of a trial decides nothing, and lets the next one try.
  for (let i = 0; i < 3; i++) request('x', 60_000);
  assert.equal(health.state(60_000), 'ejected');
  health.begun();
  health.ended(undefined, 200_000);
  assert.equal(health.isUsable(200_000), true);
});

test('slow start: the share of a member that is back grows with the time', () => {
  const balancer = balancerOf({
    policy: 'weighted',
    members: [{ tunnel: 'a' }, { tunnel: 'b' }],
    check: { rise: 1, fall: 1 },
    eject: { slowStartSeconds: 100 },
  });
  const [a] = balancer.members;
  a!.health.checked('x', 0);
  assert.deepEqual(spread(balancer, 30), { b: 30 });
  a!.health.checked('', 1_000);
  const early = spread(balancer, 1_000, { nowMs: 11_000 })['a']!;
  const half = spread(balancer, 1_000, { nowMs: 51_000 })['a']!;
  const whole = spread(balancer, 1_000, { nowMs: 101_000 })['a']!;
  assert.ok(early > 70 && early < 110, `${early} of 1000 at a tenth of the time`);
  assert.ok(half > 310 && half < 350, `${half} at half`);
  assert.ok(whole >= 499 && whole <= 501, `${whole} at the end`);
});

test('circuit breaker: what comes beyond is refused at once, and room is used again', () => {
  const balancer = balancerOf({ members: [{ tunnel: 'a' }, { tunnel: 'b' }], maxRequests: 2 });
  for (let i = 0; i < 4; i++) pick(balancer).begin();
  assert.deepEqual(
    balancer.members.map(({ active }) => active),
    [2, 2],
  );
  assert.equal(balancer.pick({ nowMs: 0, isOnline: online }), 'overloaded');
  balancer.members[1]!.end('', 0);
  assert.equal(pick(balancer).entry.name, 'b');
});

test('retry budget: a share of the requests over time, whatever fails', () => {
  const budget = new RetryBudget(20);
  let retries = 0;
  for (let i = 0; i < 10_000; i++) {
    budget.requested();
    if (budget.take(0)) retries += 1;
  }
  assert.ok(retries >= 2_000 && retries <= 2_020, `${retries} second tries of 10000 requests`);
  const quiet = new RetryBudget(10);
  while (quiet.take(0));
  assert.equal(quiet.take(500), false);
  assert.equal(quiet.take(1_500), true, 'one a second for a route with hardly any requests');
  const none = new RetryBudget(0);
  assert.equal(none.take(1e9), false);
});

test('a change of settings keeps what is known of members that stay', () => {
  const balancer = balancerOf({ members: three, check: { fall: 1 } });
  const [a, b] = balancer.members;
  a!.health.checked('x', 0);
  b!.begin();
  balancer.apply(
    entryOf({ members: [{ tunnel: 'a', weight: 2 }, { tunnel: 'b' }, { tunnel: 'd' }], check: { fall: 1 } }),
  );
  assert.deepEqual(
    balancer.members.map(({ entry }) => entry.name),
    ['a', 'b', 'd'],
  );
  assert.equal(balancer.members[0]!.health.isUsable(0), false);
  assert.equal(balancer.members[1]!.active, 1);
  balancer.apply(entryOf({ members: [{ tunnel: 'a' }] }));
  assert.equal(balancer.members[0]!.health.isUsable(0), true, 'nobody checks any more');
});

test('what cannot be a set of members is refused', () => {
  const refused = (given: object): string => balanceSchema.safeParse(given).error?.issues[0]?.message ?? '';
  assert.match(refused({ members: [{ tunnel: 'a' }, { tunnel: 'a' }] }), /twice/);
  assert.match(refused({ members: [{ tunnel: 'a', isBackup: true }] }), /only backups/);
  assert.equal(refused({ members: [{ tunnel: 'a' }, { tunnel: 'a', rule: 'b.example.com' }] }), '');
});
