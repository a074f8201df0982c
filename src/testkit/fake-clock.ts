// Time that moves only when told to. Timers run in order of their due time, and in order of creation within one.
import type { Clock, Timer } from '#base/clock.ts';

interface Entry {
  readonly dueMs: number;
  readonly order: number;
  readonly run: () => void;
}

/** A clock for tests; wall time starts at `wallStartMs` and moves with it unless shifted. */
export class FakeClock implements Clock {
  #nowMs = 0;
  #wallOffsetMs: number;
  #order = 0;
  /** A binary heap by (dueMs, order). */
  readonly #heap: Entry[] = [];
  readonly #cancelled = new Set<Entry>();

  constructor(wallStartMs: number = Date.UTC(2026, 0, 1)) {
    this.#wallOffsetMs = wallStartMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return this.#wallOffsetMs + this.#nowMs;
  }

  after(delayMs: number, run: () => void): Timer {
    const entry = { dueMs: this.#nowMs + Math.max(0, delayMs), order: this.#order++, run };
    this.#push(entry);
    return { cancel: () => void this.#cancelled.add(entry) };
  }

  /** Moves the wall clock without moving the monotonic one, as a corrected system clock does. */
  shiftWall(byMs: number): void {
    this.#wallOffsetMs += byMs;
  }

  /** Lets `durationMs` pass, running every timer that becomes due, also those set meanwhile. */
  advance(durationMs: number): void {
    const untilMs = this.#nowMs + durationMs;
    while (this.#runNext(untilMs));
    this.#nowMs = untilMs;
  }

  /** Advances step by step until `isDone` or until `limitMs` have passed; returns whether it was done. */
  advanceUntil(isDone: () => boolean, limitMs: number): boolean {
    const untilMs = this.#nowMs + limitMs;
    while (!isDone()) {
      if (this.#runNext(untilMs)) continue;
      this.#nowMs = untilMs;
      return isDone();
    }
    return true;
  }

  #runNext(untilMs: number): boolean {
    const first = this.#heap[0];
    if (!first || first.dueMs > untilMs) return false;
    this.#pop();
    if (this.#cancelled.delete(first)) return true;
    this.#nowMs = first.dueMs;
    first.run();
    return true;
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(entry, heap[parent]!)) break;
      heap[at] = heap[parent]!;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1]!, heap[child]!)) child += 1;
      if (!isBefore(heap[child]!, last)) break;
      heap[at] = heap[child]!;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.dueMs < b.dueMs || (a.dueMs === b.dueMs && a.order < b.order);
}
