// The network is away for an hour, in virtual time: a whole connector and the edge's end of its connections, joined in memory
// on a clock that the test moves. Both ends notice within 15 s, the hour is no storm of attempts, and everything is back
// within one wait of the end.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SallyportError } from '#base/errors.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { startConnector } from '#connector/connector.ts';
import { fixedCredentials } from '#connector/links/credentials-source.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { memoryLink, type MemoryLink } from '#testkit/memory-network.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import type { DisconnectReason } from '#tunnel/connection.ts';
import { createCredentials, publicKeyOf } from '#tunnel/credentials.ts';
import { acceptConnection } from '#tunnel/driver.ts';
import { listLog, rulesOf } from './world.ts';

const hourMs = 3_600_000;
const stepMs = 250;

test('an hour without a network: noticed within 15 s at both ends, asked seldom, back after one attempt and one wait', async () => {
  const clock = new FakeClock();
  const random = seededRandom(7);
  const credentials = createCredentials(random, 'edge.test:443', '');
  const links = new Set<MemoryLink>();
  const ended: { readonly reason: DisconnectReason; readonly atMs: number }[] = [];
  let isAway = false;
  let attempts = 0;
  const logged: string[] = [];
  const connector = await startConnector({
    credentials: fixedCredentials(credentials),
    ...{ edgeAddress: '', rules: rulesOf('  - service: http_status:404\n'), clock, random },
    ...{ log: listLog(logged), metrics: new MetricsRegistry(), version: '0.0.0-test', arch: 'linux_x64' },
    // Without a network an attempt ends in nothing for as long as a dial may take.
    dial: (signal) =>
      new Promise((resolve, reject) => {
        attempts += 1;
        if (isAway) {
          const timer = clock.after(10_000, () =>
            reject(new SallyportError('edge-unreachable', 'No answer.')),
          );
          signal.addEventListener('abort', () => {
            timer.cancel();
            reject(signal.reason as Error);
          });
          return;
        }
        const link = memoryLink(clock, random, { delayMs: 20 });
        links.add(link);
        acceptConnection(
          link.edge,
          {
            ...{ clock, random, edgeName: 'edge.test' },
            lookupTunnel: () => ({ publicKeys: [publicKeyOf(credentials)] }),
          },
          {
            onReady() {},
            onRules() {},
            onDraining() {},
            onConfigAck() {},
            onClosed(_connection, reason) {
              links.delete(link);
              ended.push({ reason, atMs: clock.nowMs() });
            },
          },
        );
        resolve(link.connector);
      }),
  });
  /** Lets virtual time pass, and what is on its way in the event loop arrive. */
  const pass = async (ms: number, isDone: () => boolean = () => false): Promise<void> => {
    for (let passed = 0; passed < ms && !isDone(); passed += stepMs) {
      clock.advance(stepMs);
      for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const isWhole = (): boolean => connector.state().readyConnections === 4;
  await pass(5_000, isWhole);
  assert.ok(isWhole(), logged.join('\n'));
  await pass(60_000);

  const goneMs = clock.nowMs();
  isAway = true;
  for (const link of links) link.stall();
  const isNoticed = (): boolean => ended.length === 4 && connector.state().readyConnections === 0;
  await pass(60_000, isNoticed);
  assert.ok(isNoticed());
  assert.ok(ended.every(({ reason, atMs }) => reason === 'ping-timeout' && atMs - goneMs <= 15_000));
  assert.ok(clock.nowMs() - goneMs <= 15_000);

  const before = attempts;
  await pass(goneMs + hourMs - clock.nowMs());
  const count = attempts - before;
  // Each takes 10 s and is followed by a wait of 7.5 s on average, on four links.
  assert.ok(count > 4 * 100 && count < (4 * hourMs) / 10_000, `${count} attempts in an hour`);

  isAway = false;
  await pass(40_000, isWhole);
  assert.ok(isWhole());
  // What was begun before the end may take its 10 s first; then one wait.
  assert.ok(clock.nowMs() - goneMs - hourMs <= 25_000, `${clock.nowMs() - goneMs - hourMs} ms`);
  const closing = connector.close();
  await pass(5_000);
  await closing;
});
