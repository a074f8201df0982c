import assert from 'node:assert/strict';
import { test } from 'node:test';
import { silentLog } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { WebAnswer } from '#base/net/web-client.ts';
import { FakeClock } from '#testkit/fake-clock.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { SpanExporter } from './span-exporter.ts';
import type { Span } from './span.ts';

const span: Span = {
  ...{ traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentId: '', isParentRemote: false, state: '' },
  ...{ kind: 'server', name: 'GET a.test', startMs: 1, endMs: 2, attributes: {}, events: [], error: '' },
};

interface World {
  readonly clock: FakeClock;
  readonly exporter: SpanExporter;
  /** Sizes of the batches that the collector was asked to take. */
  readonly batches: number[];
  count(outcome: string): number;
  add(count: number): void;
}

function world(answer: () => Partial<WebAnswer> | Error): World {
  const clock = new FakeClock();
  const metrics = new MetricsRegistry();
  const exporter = new SpanExporter({ clock, random: seededRandom(1), log: silentLog, metrics });
  const batches: number[] = [];
  exporter.sendBy((spans) => {
    batches.push(spans.length);
    const given = answer();
    if (given instanceof Error) return Promise.reject(given);
    return Promise.resolve({ status: 200, headers: {}, body: Buffer.from('{}'), ...given });
  });
  return {
    ...{ clock, exporter, batches },
    count: (outcome) => Number(new RegExp(`outcome="${outcome}"} (\\d+)`).exec(metrics.text())?.[1]),
    add(count) {
      for (let i = 0; i < count; i++) exporter.add(span);
    },
  };
}

/** Lets what was promised come about. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}

test('spans go in batches: a few after five seconds, many at once when a batch is full', async () => {
  const { clock, batches, add, count } = world(() => ({}));
  add(3);
  clock.advance(4_999);
  assert.deepEqual(batches, []);
  clock.advance(1);
  await settle();
  assert.deepEqual(batches, [3]);
  add(512);
  await settle();
  assert.deepEqual(batches, [3, 512]);
  assert.equal(count('exported'), 515);
});

test('a collector that is away costs a bounded queue: what finds no room is dropped and counted, the rest comes later', async () => {
  let isAway = true;
  const { clock, batches, add, count } = world(() => (isAway ? new Error('ECONNREFUSED') : {}));
  add(512);
  await settle();
  add(5_000);
  assert.equal(count('dropped'), 5_000 - 2_048);
  assert.equal(count('exported'), 0);
  isAway = false;
  for (let i = 0; i < 40; i++) {
    clock.advance(10_000);
    await settle();
  }
  assert.equal(count('exported'), 512 + 2_048);
  assert.ok(batches.every((size) => size <= 512));
});

test('one batch at a time, tried again for as long as the collector asks, and given up in the end', async () => {
  const { clock, batches, add, count } = world(() => ({ status: 503, headers: { 'retry-after': '7' } }));
  add(1);
  clock.advance(5_000);
  await settle();
  clock.advance(6_999);
  await settle();
  assert.equal(batches.length, 1);
  clock.advance(1);
  await settle();
  assert.equal(batches.length, 2);
  for (let i = 0; i < 40; i++) {
    clock.advance(30_000);
    await settle();
  }
  assert.equal(batches.length, 8);
  assert.equal(count('dropped'), 1);
});

test('what a collector refuses is not sent again, whole or in part', async () => {
  let answer: Partial<WebAnswer> = { status: 400 };
  const { clock, batches, add, count } = world(() => answer);
  const bring = async (): Promise<void> => {
    add(4);
    clock.advance(5_000);
    await settle();
    clock.advance(60_000);
    await settle();
  };
  await bring();
  answer = { body: Buffer.from('{"partialSuccess":{"rejectedSpans":"3"}}') };
  await bring();
  assert.deepEqual(batches, [4, 4]);
  assert.deepEqual([count('refused'), count('exported')], [4 + 3, 1]);
});

test('what waits is brought once when the edge stops, and without a collector nothing is kept', async () => {
  const { exporter, batches, add, count } = world(() => ({}));
  add(2);
  await exporter.close(AbortSignal.timeout(10_000));
  assert.deepEqual(batches, [2]);
  add(1);
  assert.equal(count('exported'), 2);
  const { exporter: none, add: addNone, count: countNone } = world(() => ({}));
  addNone(2);
  none.sendBy(undefined);
  addNone(1);
  assert.equal(countNone('dropped'), 2);
});
