import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { FakeClock } from '#testkit/fake-clock.ts';
import type { Upstream } from '#http/exchange.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import type { Exchange } from '../exchange.ts';
import { ExpectedTunnels } from './expected-tunnels.ts';
import { TunnelRegistry } from './tunnel-registry.ts';

function scene(): {
  readonly clock: FakeClock;
  readonly again: string[];
  readonly expected: ExpectedTunnels;
  ask(tunnelId: string, name: string): { readonly isKept: boolean; readonly upstream: Upstream | undefined };
  arrive(tunnelId: string): void;
} {
  const clock = new FakeClock(0);
  const registry = new TunnelRegistry();
  const again: string[] = [];
  const expected = new ExpectedTunnels(clock, registry, { tunnelIds: ['home'], withinMs: 15_000 });
  return {
    clock,
    again,
    expected,
    ask(tunnelId, name) {
      let upstream: Upstream | undefined;
      const exchange = {
        ...{ attempts: 1, isFinished: false },
        keepBody() {},
        attach: (waiting: Upstream) => void (upstream = waiting),
      } as unknown as Exchange;
      const isKept = expected.keep(exchange, tunnelId, () => void again.push(name));
      return { isKept, upstream };
    },
    arrive(tunnelId) {
      const connection = { tunnelId, instanceId: 'a', isDraining: false } as EdgeConnection;
      registry.setRules(connection, { version: 1, rules: [] });
    },
  };
}

/** Time in which others have their turns. */
async function pass(clock: FakeClock, ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 100) {
    clock.advance(100);
    await setImmediate();
  }
}

test('requests for a tunnel that is on its way wait until it is there', () => {
  const { again, ask, arrive } = scene();
  const { isKept, upstream } = ask('home', 'first');
  assert.ok(isKept);
  assert.equal(upstream!.writeBody(Buffer.from('x')), false, 'the client is asked to hold on');
  assert.ok(ask('home', 'second').isKept);
  assert.deepEqual(again, []);
  arrive('home');
  assert.deepEqual(again, ['first', 'second']);
  arrive('home');
  assert.deepEqual(again, ['first', 'second'], 'once each');
});

test('a tunnel that nobody has announced is not waited for, and neither is one that does not come', () => {
  const { clock, again, ask } = scene();
  assert.equal(ask('other', 'x').isKept, false);
  clock.advance(10_000);
  assert.ok(ask('home', 'late').isKept);
  clock.advance(5_000);
  assert.deepEqual(again, ['late'], 'tried once more, and told what there is to tell');
  assert.equal(ask('home', 'too late').isKept, false);
});

test('a client that goes away waits for nothing any more', () => {
  const { clock, again, ask, arrive } = scene();
  ask('home', 'gone').upstream!.abort('the client went away');
  arrive('home');
  clock.advance(60_000);
  assert.deepEqual(again, []);
});

test('those that have not come are known, to be told a further successor, until they are there', async () => {
  const { clock, expected, arrive } = scene();
  assert.deepEqual(expected.missing, ['home']);
  let hasArrived = false;
  const arrived = expected.arrived(new AbortController().signal).then(() => (hasArrived = true));
  await pass(clock, 1_000);
  assert.equal(hasArrived, false);
  arrive('home');
  await pass(clock, 1_000);
  await arrived;
  assert.deepEqual(expected.missing, []);
});

test('nobody waits for tunnels that do not come, nor beyond a stop', async () => {
  const late = scene();
  const given = late.expected.arrived(new AbortController().signal);
  await pass(late.clock, 15_000);
  await given;
  assert.deepEqual(late.expected.missing, []);
  const stopped = scene();
  const stop = new AbortController();
  const waited = stopped.expected.arrived(stop.signal);
  stop.abort();
  await pass(stopped.clock, 1_000);
  await waited;
});
