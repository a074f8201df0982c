import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  Keepalive,
  pingIntervalMs,
  quietAfterPingMs,
  silentLimitMs,
  unansweredPingLimitMs,
  writeStallLimitMs,
} from './keepalive.ts';

test('a ping is due at once and every five seconds, data or none', () => {
  const keepalive = new Keepalive(100);
  assert.equal(keepalive.takePing(100), true);
  assert.equal(keepalive.takePing(100), false);
  keepalive.answered(100, 3_000);
  assert.equal(keepalive.takePing(5_099), false);
  assert.equal(keepalive.nextDeadlineMs, 5_100);
  assert.equal(keepalive.takePing(5_100), true);
});

test('a third ping that does not come is death, one byte is life', () => {
  const keepalive = new Keepalive(0);
  const limitMs = silentLimitMs;
  assert.ok(limitMs > 2 * pingIntervalMs && limitMs < 3 * pingIntervalMs);
  assert.equal(keepalive.verdict(pingIntervalMs), undefined);
  assert.equal(keepalive.verdict(limitMs - 1), undefined);
  assert.equal(keepalive.verdict(limitMs)!.reason, 'ping-timeout');
  keepalive.received(limitMs - 1);
  assert.equal(keepalive.verdict(limitMs), undefined);
});

test('a ping that nothing follows makes a peer quiet, which one byte ends', () => {
  const keepalive = new Keepalive(0);
  keepalive.takePing(0);
  assert.equal(keepalive.nextDeadlineMs, quietAfterPingMs);
  keepalive.verdict(quietAfterPingMs - 1);
  assert.equal(keepalive.isQuiet, false);
  keepalive.verdict(quietAfterPingMs);
  assert.equal(keepalive.isQuiet, true);
  assert.equal(keepalive.nextDeadlineMs, pingIntervalMs);
  keepalive.received(3_000);
  assert.equal(keepalive.isQuiet, false);
  keepalive.answered(0, 3_000);
  keepalive.verdict(4_999);
  assert.equal(keepalive.isQuiet, false);
});

test('pings that stay unanswered are death in the end, although bytes come', () => {
  const keepalive = new Keepalive(0);
  keepalive.takePing(0);
  for (let nowMs = 0; nowMs < unansweredPingLimitMs; nowMs += 1_000) {
    keepalive.received(nowMs);
    keepalive.takePing(nowMs);
    assert.equal(keepalive.verdict(nowMs), undefined);
  }
  keepalive.received(unansweredPingLimitMs);
  assert.equal(keepalive.verdict(unansweredPingLimitMs)!.reason, 'ping-timeout');
  keepalive.answered(0, unansweredPingLimitMs);
  assert.equal(keepalive.verdict(unansweredPingLimitMs), undefined);
});

test('bytes that wait without progress are a stall, with progress they are not', () => {
  const keepalive = new Keepalive(0);
  const hear = (nowMs: number): void => keepalive.received(nowMs);
  keepalive.waiting(1_000);
  keepalive.waiting(5_000);
  hear(15_000);
  keepalive.progressed(15_000, true);
  for (let nowMs = 5_000; nowMs < 15_000 + writeStallLimitMs; nowMs += 5_000) {
    hear(nowMs);
    assert.equal(keepalive.verdict(nowMs), undefined);
  }
  hear(15_000 + writeStallLimitMs - 1);
  assert.equal(keepalive.verdict(15_000 + writeStallLimitMs - 1), undefined);
  assert.equal(keepalive.verdict(15_000 + writeStallLimitMs)!.reason, 'write-stalled');
  keepalive.progressed(15_000 + writeStallLimitMs, false);
  assert.equal(keepalive.verdict(15_000 + writeStallLimitMs), undefined);
});

test('the round-trip time is smoothed, and its shortest is kept', () => {
  const keepalive = new Keepalive(0);
  assert.equal(keepalive.rttMs, 0);
  assert.equal(keepalive.pathRttMs, 0);
  keepalive.answered(0, 40);
  keepalive.answered(100, 220);
  assert.equal(keepalive.rttMs, 50);
  assert.equal(keepalive.pathRttMs, 40);
});

test('the silence of a time in which this process itself did not run is forgiven once', () => {
  const keepalive = new Keepalive(0);
  keepalive.takePing(0);
  assert.equal(keepalive.verdict(5_000), undefined);
  assert.equal(keepalive.verdict(3_600_000), undefined);
  assert.equal(keepalive.verdict(3_604_999), undefined);
  assert.equal(keepalive.verdict(3_605_000)!.reason, 'ping-timeout');
});
