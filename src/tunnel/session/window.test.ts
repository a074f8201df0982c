import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  initialWindowBytes,
  maxWindowBytes,
  processWindowBytes,
  windowBytesWithin,
  ReceiveWindow,
  startWindowBytes,
  WindowBudget,
  windowBudgetBytes,
} from './window.ts';

test('a process with little memory gives a sixteenth of it to windows, one with more what all have', () => {
  const mebibyte = 1024 * 1024;
  assert.equal(windowBytesWithin(192 * mebibyte), 12 * mebibyte);
  assert.equal(windowBytesWithin(384 * mebibyte), processWindowBytes);
  assert.equal(windowBytesWithin(64 * 1024 * mebibyte), processWindowBytes);
});

test('the peer may send the initial window and not a byte more', () => {
  const window = new ReceiveWindow(new WindowBudget());
  assert.equal(window.receive(initialWindowBytes), true);
  assert.equal(window.receive(1), false);
  assert.equal(window.heldBytes, initialWindowBytes);
});

test('credit is due at half a window, and lifts the window to its start size', () => {
  const window = new ReceiveWindow(new WindowBudget());
  window.receive(initialWindowBytes);
  assert.equal(window.consume(initialWindowBytes / 2 - 1), false);
  assert.equal(window.consume(1), true);
  assert.equal(window.takeCredit(1_000, 40), initialWindowBytes / 2 + startWindowBytes - initialWindowBytes);
  assert.equal(window.sizeBytes, startWindowBytes);
});

test('a window consumed within two round trips doubles up to 6 MiB, a slower one stays', () => {
  const quick = grownWindow(new WindowBudget(), 40);
  assert.equal(quick.sizeBytes, maxWindowBytes);
  const slow = grownWindow(new WindowBudget(), 200);
  assert.equal(slow.sizeBytes, startWindowBytes);
});

test('all windows together stay within the budget, and later streams find some of it', () => {
  const budget = new WindowBudget();
  const windows = Array.from({ length: 100 }, () => grownWindow(budget, 10));
  const above = windows.reduce((sum, window) => sum + window.sizeBytes - initialWindowBytes, 0);
  assert.ok(above <= windowBudgetBytes);
  assert.equal(above + budget.freeBytes, windowBudgetBytes);
  assert.ok(budget.freeBytes > 0);
  for (const window of windows) window.release();
  assert.equal(budget.freeBytes, windowBudgetBytes);
});

test('streams that nobody reads take half of the budget at most; one that is read quickly still grows', () => {
  const budget = new WindowBudget(processWindowBytes);
  const slow = Array.from({ length: 1_000 }, () => new ReceiveWindow(budget));
  for (const window of slow) window.openingCredit();
  const held = slow.reduce((sum, window) => sum + window.sizeBytes, 0);
  assert.ok(held <= processWindowBytes / 2 + startWindowBytes + slow.length * initialWindowBytes);
  assert.ok(budget.freeBytes >= processWindowBytes / 2 - startWindowBytes);
  const late = new ReceiveWindow(budget);
  assert.equal(late.openingCredit(), 0);
  assert.ok(grownWindow(budget, 10).sizeBytes > startWindowBytes);
});

test('large windows shrink while the budget is tight', () => {
  const budget = new WindowBudget(2 * maxWindowBytes);
  const first = grownWindow(budget, 10);
  const before = first.sizeBytes;
  while (!budget.isTight) budget.take(budget.freeBytes);
  for (let i = 0; i < 20; i++) turn(first, 1_000 + i * 1_000, 10);
  assert.ok(first.sizeBytes < before);
  assert.ok(first.sizeBytes >= startWindowBytes);
});

test('whatever happens, what is granted is what was consumed plus what the window grew', () => {
  const step = fc.tuple(fc.nat(100_000), fc.nat(100_000), fc.nat(100));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 100 }), (steps) => {
      const window = new ReceiveWindow(new WindowBudget(1_000_000));
      let nowMs = 0;
      let allowed = initialWindowBytes + window.openingCredit();
      let received = 0;
      let consumed = 0;
      for (const [send, use, waitMs] of steps) {
        const size = Math.min(send, allowed - received);
        assert.equal(window.receive(size), true);
        received += size;
        const before = window.heldBytes;
        const isDue = window.consume(use);
        consumed += before - window.heldBytes;
        nowMs += waitMs;
        if (isDue) allowed += window.takeCredit(nowMs, 20);
        assert.equal(window.heldBytes, received - consumed);
        assert.ok(allowed - consumed <= window.sizeBytes, 'never more under way than the window');
      }
      assert.equal(window.receive(allowed - received + 1), false);
    }),
  );
});

/** A window after many rounds, each consumed whole in `windowMs`, on a path of 40 ms. */
function grownWindow(budget: WindowBudget, windowMs: number): ReceiveWindow {
  const window = new ReceiveWindow(budget);
  window.openingCredit();
  for (let i = 1; i <= 100; i++) turn(window, i * windowMs, 40);
  return window;
}

function turn(window: ReceiveWindow, nowMs: number, pathRttMs: number): void {
  const byteCount = window.sizeBytes - window.heldBytes;
  if (!window.receive(byteCount)) return;
  if (window.consume(byteCount)) window.takeCredit(nowMs, pathRttMs);
}
