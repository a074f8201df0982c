import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { emptyLook } from '#control/edge-view.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { EdgeHealth } from './edge-health.ts';

const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const messages = { sent: 3, failed: 1, 'given-up': 0, dropped: 0, tested: 0 };

async function worldOf(trouble: () => Promise<string>) {
  const clock = new FakeClock();
  const metrics = new MetricsRegistry();
  const listeners = [{ name: 'https', isReady: true, detail: '127.0.0.1:443' }];
  const health = new EdgeHealth({
    ...{ clock, metrics },
    controlReport: async () => ({
      ...{ storeTrouble: await trouble(), isStoreAway: false, accessKeyTroubles: [] },
      ...{ messages, waitingNews: 2, failingChannels: 1 },
    }),
    look: () => ({ look: { ...emptyLook, listeners }, tunnels: [], origins: [], endsTls: true, probes: [] }),
    certificates: () => Promise.resolve([]),
  });
  health.start();
  await settled();
  return { clock, metrics, health, listeners };
}

test('a store that fails is told with since when, does not stop the serving, and recovers', async () => {
  let trouble = '';
  const { clock, health } = await worldOf(() => Promise.resolve(trouble));
  const store = () => health.read().parts.find(({ kind }) => kind === 'store')!;
  assert.equal(store().state, 'ok');
  const wellSinceMs = store().sinceMs;
  trouble = 'The disk is full.';
  clock.advance(5_000);
  await settled();
  assert.equal(store().state, 'down');
  assert.equal(store().sinceMs, wellSinceMs + 5_000);
  assert.deepEqual([health.read().state, health.read().isServing], ['degraded', true]);
  trouble = '';
  clock.advance(5_000);
  await settled();
  assert.deepEqual([store().state, store().sinceMs], ['ok', wellSinceMs + 10_000]);
  health.stop();
});

test('a control plane that is away or does not answer is a store that cannot be used', async () => {
  const { health } = await worldOf(() => Promise.reject(new Error('The control plane is starting.')));
  assert.match(health.read().parts.at(-1)!.sentence, /^The control plane is starting/);
  health.stop();
  const silent = await worldOf(() => new Promise(() => {}));
  silent.clock.advance(10_000);
  await settled();
  assert.match(silent.health.read().parts.at(-1)!.sentence, /has not answered for 10 s/);
  silent.health.stop();
});

test('a listener that closes is seen at once, and the metrics name it', async () => {
  const { health, metrics, listeners } = await worldOf(() => Promise.resolve(''));
  assert.match(metrics.text(), /sallyport_health_parts\{kind="listener",state="ok"\} 1/);
  listeners[0] = { name: 'https', isReady: false, detail: 'draining' };
  assert.deepEqual([health.read().state, health.read().isServing], ['down', false]);
  assert.match(metrics.text(), /sallyport_notify_messages_total\{outcome="sent"\} 3/);
  assert.match(metrics.text(), /sallyport_notify_waiting 2/);
  assert.match(metrics.text(), /sallyport_notify_channels_failing 1/);
  assert.match(metrics.text(), /sallyport_health_troubled\{kind="listener",name="https",state="down"\} 1/);
  health.stop();
});
