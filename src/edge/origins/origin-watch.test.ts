import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FakeClock } from '#testkit/fake-clock.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import type { PublishedRule } from '#model/ingress/published-rules.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import type { StreamHandler } from '#tunnel/stream.ts';
import type { FailureCode } from '#http/exchange.ts';
import { TunnelRegistry } from '../tunnels/tunnel-registry.ts';
import type { Exchange } from '../exchange.ts';
import { OriginWatch } from './origin-watch.ts';

const tunnelId = '018e2b2d-2a31-4f44-a5e9-d0c6b7f3c1d2';
const rule = (service: string): PublishedRule => ({
  ...{ hostname: 'nas.example.com', path: '', service, protocol: 'http1', isTls: false, hostHeader: '' },
  ...{ allowsChunked: true, followsHost: false, isPerClient: false, requiresAccess: false },
  ...{ keepAliveConnections: 0, keepAliveTimeoutMs: 0 },
});

/** A watch over one connection; `dials` are the streams it has opened, each to be ended by the test. */
function watchWorld(services: readonly string[]) {
  const clock = new FakeClock();
  const registry = new TunnelRegistry();
  const dials: StreamHandler[] = [];
  const connection = {
    ...{ tunnelId, instanceId: 'i1', id: 'c1', isDraining: false },
    open() {
      const stream = {
        isOpen: true,
        handler: undefined as StreamHandler | undefined,
        reset() {},
        consume() {},
      };
      queueMicrotask(() => dials.push(stream.handler!));
      return stream;
    },
  } as unknown as EdgeConnection;
  registry.setRules(connection, { version: 1, rules: services.map(rule) });
  const [slot] = registry.slots;
  const watch = new OriginWatch({ clock, random: seededRandom(3), registry });
  const ended = (index: number, code?: FailureCode, status = 200): void =>
    watch.finished({
      target: { slot, rule: slot!.rules.rules[index], ruleIndex: index, rulesVersion: 1 },
      failure: code && { code, status: 502, detail: `${code}: ECONNREFUSED` },
      isResponded: true,
      status,
    } as unknown as Exchange);
  const states = (): string[] => watch.live().map(({ service, state }) => `${service} ${state}`);
  const sweep = async (advanceMs: number): Promise<void> => {
    clock.advance(advanceMs);
    watch.sweep(clock.nowMs());
    await Promise.resolve();
  };
  return { watch, registry, connection, dials, ended, states, sweep };
}

test('every published origin is there, once, without what the connector answers itself', () => {
  const { states } = watchWorld(['http://nas:80', 'http://nas:80', 'http_status:404', 'hello_world']);
  assert.deepEqual(states(), ['http://nas:80 unknown']);
});

test('an origin that refuses is dialled until it can be reached, and well again without a visitor', async () => {
  const { ended, states, sweep, dials } = watchWorld(['http://nas:80', 'http://tv:80']);
  ended(1);
  ended(0, 'origin-refused');
  assert.deepEqual(states(), ['http://nas:80 degraded', 'http://tv:80 ok']);
  await sweep(1_000);
  assert.equal(dials.length, 0, 'not before its time');
  await sweep(20_000);
  assert.equal(dials.length, 1);
  dials[0]!.onReset('origin-refused', 'ECONNREFUSED');
  assert.deepEqual(states(), ['http://nas:80 down', 'http://tv:80 ok']);
  await sweep(20_000);
  dials[1]!.onOpened?.();
  assert.deepEqual(states(), ['http://nas:80 ok', 'http://tv:80 ok']);
  await sweep(20_000);
  assert.equal(dials.length, 2, 'what is well is left alone');
});

test('a lost connector, a client that left and an answer of the edge say nothing of an origin', () => {
  const { ended, states, watch } = watchWorld(['http://nas:80']);
  ended(0, 'connector-lost');
  ended(0, 'overloaded');
  watch.finished({ target: undefined } as unknown as Exchange);
  assert.deepEqual(states(), ['http://nas:80 unknown']);
});

test('503 of the origin itself is a doubt; the next answer ends it', () => {
  const { ended, states } = watchWorld(['http://nas:80']);
  ended(0, undefined, 503);
  assert.deepEqual(states(), ['http://nas:80 degraded']);
  ended(0, undefined, 204);
  assert.deepEqual(states(), ['http://nas:80 ok']);
});

test('what no connector publishes any more is forgotten', async () => {
  const { ended, states, sweep, registry, connection, dials } = watchWorld(['http://nas:80']);
  ended(0, 'origin-refused');
  registry.setRules(connection, { version: 2, rules: [rule('http://other:80')] });
  assert.deepEqual(states(), ['http://other:80 unknown']);
  await sweep(20_000);
  assert.equal(dials.length, 0);
});
