// When members are checked, under virtual time: the first at once, each at its interval moved by up to a tenth, and none once a
// member is gone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { balanceEntryOf, balanceSchema } from '#model/routes/balance-policy.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import type { TunnelRegistry } from '../tunnels/tunnel-registry.ts';
import { Balancer } from './balancer.ts';
import { MemberChecks } from './member-checks.ts';

const route = { hostname: 'a.test', path: '/', tunnelId: 'own' };

/** Checks of two members, and when each was made, in milliseconds by tunnel. */
function world(everySeconds: number) {
  const clock = new FakeClock();
  const times = new Map<string, number[]>();
  // Nobody is online: whether a member is well is not learnt, and when it is asked is.
  const registry = {
    pick(tunnelId: string) {
      times.set(tunnelId, [...(times.get(tunnelId) ?? []), clock.nowMs()]);
    },
  } as unknown as TunnelRegistry;
  const checks = new MemberChecks({ clock, random: seededRandom(7), registry });
  const settings = { members: [{ tunnel: 'one' }, { tunnel: 'two' }], check: { everySeconds } };
  const balancer = new Balancer(balanceEntryOf(balanceSchema.parse(settings), 'own', (tunnel) => tunnel));
  checks.apply([{ route, balancer }]);
  return { clock, times, checks };
}

const gaps = (times: readonly number[]): number[] => times.slice(1).map((at, i) => at - times[i]!);

test('a member is checked at once, then at its interval up to a tenth sooner or later, each at its own pace', () => {
  const { clock, times } = world(10);
  clock.advance(0);
  assert.deepEqual([...times.values()], [[0], [0]]);
  clock.advance(1_000_000);
  for (const [tunnel, list] of times) {
    const found = gaps(list);
    assert.ok(found.length >= 90 && found.length <= 112, `${tunnel}: ${found.length} checks`);
    assert.ok(
      found.every((gap) => gap >= 9_000 && gap <= 11_000),
      `${tunnel}: ${Math.min(...found)} to ${Math.max(...found)}`,
    );
    assert.ok(Math.max(...found) - Math.min(...found) > 1_000, 'they are spread over the tenth');
  }
  assert.notDeepEqual(times.get('one'), times.get('two'), 'they do not come together');
});

test('a member that is gone is checked no more', () => {
  const { clock, times, checks } = world(1);
  clock.advance(10_000);
  const before = times.get('one')!.length;
  checks.apply([]);
  clock.advance(10_000);
  assert.equal(times.get('one')!.length, before);
});
