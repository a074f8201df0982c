// Waits between attempts, with chance at its worst.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Random } from '#base/random.ts';
import { RetryPace } from './retry-pace.ts';

/** Always the longest wait that may be. */
const longest = { fraction: () => 0.999_999 } as Random;
const failed = { livedMs: 0, isRefused: false };

/** The waits of attempts that fail at once, from `fromMs` on. */
function waits(pace: RetryPace, fromMs: number, count: number): { atMs: number; waitMs: number }[] {
  let nowMs = fromMs;
  return Array.from({ length: count }, () => {
    const waitMs = pace.nextMs({ nowMs, ...failed });
    const wait = { atMs: nowMs, waitMs };
    nowMs += waitMs;
    return wait;
  });
}

test('an edge that was there a moment ago is asked at once, then every two seconds at least', () => {
  const pace = new RetryPace(longest);
  assert.equal(pace.nextMs({ nowMs: 0, livedMs: 60_000, isRefused: false }), 0);
  for (const { atMs, waitMs } of waits(pace, 0, 12)) {
    if (atMs < 30_000) assert.ok(waitMs <= 2_000, `${waitMs} ms at ${atMs} ms`);
  }
});

test('one that stays away is asked every 15 s at most, and not more often than that for long', () => {
  const pace = new RetryPace(longest);
  const all = waits(pace, 0, 60);
  assert.ok(all.every(({ waitMs }) => waitMs <= 15_000));
  assert.ok(all.filter(({ atMs }) => atMs > 60_000).every(({ waitMs }) => waitMs > 14_000));
});

test('connections that do not last slow down as those that are never made; one that did begins anew', () => {
  const pace = new RetryPace(longest);
  waits(pace, 0, 60);
  const nowMs = 10_000_000;
  assert.ok(pace.nextMs({ nowMs, livedMs: 9_999, isRefused: false }) > 14_000);
  assert.equal(pace.nextMs({ nowMs, livedMs: 10_000, isRefused: false }), 0);
  assert.ok(pace.nextMs({ nowMs: nowMs + 1, ...failed }) <= 2_000);
});

test('an edge that asks to move to its successor, again and again, is asked at once; one that does so all the time is not', () => {
  const pace = new RetryPace(longest);
  for (let nowMs = 0; nowMs < 100_000; nowMs += 2_000)
    assert.equal(pace.nextMs({ nowMs, livedMs: 2_000, isRefused: false, isMoved: true }), 0);
  const moved = { livedMs: 0, isRefused: false, isMoved: true };
  const all = Array.from({ length: 60 }, (_, i) => pace.nextMs({ nowMs: 200_000 + i * 10_000, ...moved }));
  assert.ok(all.at(-1)! > 14_000);
});

test('an edge that refuses the credentials is asked between four times and once a minute', () => {
  const pace = new RetryPace(longest);
  const waitMs = pace.nextMs({ nowMs: 0, livedMs: 0, isRefused: true });
  assert.ok(waitMs >= 15_000 && waitMs <= 60_000);
});

test('a wait is cut short once, and once more after a connection that lasted', () => {
  const pace = new RetryPace(longest);
  assert.deepEqual([pace.takeShortcut(), pace.takeShortcut()], [true, false]);
  pace.nextMs({ nowMs: 0, livedMs: 5_000, isRefused: false });
  assert.equal(pace.takeShortcut(), false);
  pace.nextMs({ nowMs: 0, livedMs: 10_000, isRefused: false });
  assert.equal(pace.takeShortcut(), true);
});
