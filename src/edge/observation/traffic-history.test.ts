// Traffic over time, under a clock moved by hand and held against plain sums.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TrafficSpan } from '#model/live/live.ts';
import { trafficSeriesSchema } from '#model/live/live.ts';
import { TrafficHistory } from './traffic-history.ts';

const startWallMs = 1_767_225_600_400;

interface World {
  readonly history: TrafficHistory;
  nowMs: number;
  wallShiftMs: number;
}

function world(): World {
  const all = { nowMs: 5_000, wallShiftMs: 0 };
  const history = new TrafficHistory({
    nowMs: () => all.nowMs,
    wallMs: () => startWallMs + all.nowMs - 5_000 + all.wallShiftMs,
  });
  return Object.assign(all, { history });
}

const spans: readonly TrafficSpan[] = ['5m', '1h', '6h', '48h'];

test('every span has its fixed number of whole steps, oldest first, with zeros where nothing was', () => {
  const { history } = world();
  const shapes = spans.map((span) => {
    const { stepMs, fromMs, points } = trafficSeriesSchema.parse(history.series(span));
    assert.equal(fromMs % stepMs, 0);
    assert.ok(points.every(({ requests, p50Ms }) => requests === 0 && p50Ms === null));
    return [stepMs, points.length];
  });
  assert.deepEqual(shapes, [
    [1_000, 300],
    [10_000, 360],
    [60_000, 360],
    [300_000, 576],
  ]);
});

test('a second shows when it is over, classes apart, with its percentiles', () => {
  const all = world();
  for (let i = 1; i <= 100; i++) {
    all.history.add({ status: i <= 90 ? 200 : i <= 97 ? 404 : 502, latencyMs: i }, all.nowMs);
  }
  all.history.addBytes(10, 1_000, all.nowMs);
  assert.equal(all.history.series('5m').points.at(-1)!.requests, 0, 'the present second is not shown');
  all.nowMs += 1_000;
  const { fromMs, points } = all.history.series('5m');
  const last = points.at(-1)!;
  assert.equal(fromMs + 300 * 1_000, Math.floor((startWallMs + 1_000) / 1_000) * 1_000);
  const { p50Ms, p95Ms, p99Ms, ...counts } = last;
  assert.deepEqual(counts, { requests: 100, clientErrors: 7, serverErrors: 3, bytesIn: 10, bytesOut: 1_000 });
  for (const [got, wanted] of [
    [p50Ms, 50],
    [p95Ms, 95],
    [p99Ms, 99],
  ]) {
    assert.ok(Math.abs(got! - wanted!) <= wanted! * 0.07, `${got} for ${wanted}`);
  }
});

test('coarser steps are the sums of finer ones, and their percentiles are those of all requests, not means', () => {
  const all = world();
  all.nowMs = 5_000 + 300_000 - (startWallMs % 300_000);
  // 99 quick requests in one second, 101 slow ones in another: the median is slow.
  for (let i = 0; i < 99; i++) all.history.add({ status: 200, latencyMs: 1 }, all.nowMs);
  all.nowMs += 5_000;
  for (let i = 0; i < 101; i++) all.history.add({ status: 200, latencyMs: 1_000 }, all.nowMs);
  all.nowMs += 300_000;
  for (const span of ['1h', '6h', '48h'] as const) {
    const busy = all.history.series(span).points.filter(({ requests }) => requests > 0);
    assert.equal(busy.length, 1, span);
    assert.equal(busy[0]!.requests, 200);
    assert.ok(busy[0]!.p50Ms! > 900, `${span}: ${busy[0]!.p50Ms}`);
  }
});

test('nothing of an earlier round shines through after a long silence', () => {
  const all = world();
  all.history.add({ status: 200, latencyMs: 1 }, all.nowMs);
  all.nowMs += 3_600_000 * 1_000;
  for (const span of spans)
    assert.ok(all.history.series(span).points.every(({ requests }) => requests === 0));
});

test('a wall clock that is set moves the times and nothing else', () => {
  const all = world();
  all.history.add({ status: 200, latencyMs: 1 }, all.nowMs);
  all.nowMs += 2_000;
  const before = all.history.series('5m');
  all.wallShiftMs = -3_600_000;
  const after = all.history.series('5m');
  assert.equal(after.fromMs, before.fromMs - 3_600_000);
  assert.deepEqual(after.points, before.points);
});

test('any traffic adds up in every span that still holds it', () => {
  const event = fc.record({
    waitMs: fc.nat(20_000),
    status: fc.constantFrom(200, 304, 404, 500),
    bytes: fc.nat(1_000),
  });
  fc.assert(
    fc.property(fc.array(event, { maxLength: 60 }), (events) => {
      const all = world();
      let bytes = 0;
      for (const one of events) {
        all.nowMs += one.waitMs;
        all.history.add({ status: one.status, latencyMs: 1 }, all.nowMs);
        all.history.addBytes(one.bytes, 0, all.nowMs);
        bytes += one.bytes;
      }
      all.nowMs += 300_000;
      for (const span of ['1h', '6h', '48h'] as const) {
        const { points } = all.history.series(span);
        const sum = (key: 'requests' | 'clientErrors' | 'serverErrors' | 'bytesIn'): number =>
          points.reduce((total, point) => total + point[key], 0);
        assert.equal(sum('requests'), events.length, span);
        assert.equal(sum('clientErrors'), events.filter(({ status }) => status === 404).length);
        assert.equal(sum('serverErrors'), events.filter(({ status }) => status === 500).length);
        assert.equal(sum('bytesIn'), bytes);
      }
    }),
    { numRuns: 50 },
  );
});
