// Requests that wait because the same question is being asked already: one request goes to the origin, the others are
// answered from what it brings (request collapsing). Nobody waits longer than his route allows, and a question whose
// answer cannot be shared is remembered for a while, so that nobody waits for it twice.
import type { Clock, Timer } from '#base/clock.ts';
import type { Upstream } from '#http/exchange.ts';

/** How long an answer that could not be shared keeps others from waiting for its like. */
const passMs = 60_000;
const maxPasses = 1_000;
/** Requests that wait for one answer; more go to the origin themselves. */
const maxWaiters = 10_000;

/** How a question ended: its answer is kept, may not be kept, or never came. */
export type Landing = 'kept' | 'private' | 'gone';

/** A question under way. */
export interface Flight {
  readonly key: string;
  /** What it brings must not be kept: its address was changed meanwhile. */
  isVoid: boolean;
  /** Undefined while nobody waits, which is nearly always. */
  waiters: Set<Waiter> | undefined;
  timer: Timer | undefined;
}

/** A request that waits; stands in its exchange's upstream's place, so that it hears when the client leaves. */
export class Waiter implements Upstream {
  readonly #flight: Flight;
  readonly resume: () => void;

  constructor(flight: Flight, resume: () => void) {
    this.#flight = flight;
    this.resume = resume;
  }

  writeBody(): boolean {
    return true;
  }

  endBody(): void {}

  downstreamDrained(): void {}

  abort(): void {
    this.#flight.waiters?.delete(this);
  }
}

export class Flights {
  readonly #clock: Clock;
  readonly #byKey = new Map<string, Flight>();
  readonly #passes = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get size(): number {
    return this.#byKey.size;
  }

  /** The question under way with this key. HOT. */
  find(key: string): Flight | undefined {
    return this.#byKey.get(key);
  }

  /** Notes that the question is being asked; its asker must call `land`. HOT. */
  begin(key: string): Flight {
    const flight: Flight = { key, isVoid: false, waiters: undefined, timer: undefined };
    this.#byKey.set(key, flight);
    return flight;
  }

  /** Whether a request may wait for the flight; `untilMs` is the end of its own patience. */
  mayWait(flight: Flight, untilMs: number): boolean {
    if ((flight.waiters?.size ?? 0) >= maxWaiters || this.#clock.nowMs() >= untilMs) return false;
    const passUntilMs = this.#passes.get(flight.key);
    return passUntilMs === undefined || passUntilMs < this.#clock.nowMs();
  }

  /** Keeps a request until the flight lands or `untilMs` has come. */
  wait(flight: Flight, untilMs: number, resume: () => void): Waiter {
    const waiter = new Waiter(flight, resume);
    (flight.waiters ??= new Set()).add(waiter);
    flight.timer ??= this.#clock.after(Math.max(0, untilMs - this.#clock.nowMs()), () => release(flight));
    return waiter;
  }

  /** The answer is there, or will not come: those who waited look again. */
  land(flight: Flight, how: Landing): void {
    if (this.#byKey.get(flight.key) === flight) this.#byKey.delete(flight.key);
    if (flight.waiters === undefined) return;
    if (how === 'private' && flight.waiters.size > 0) this.#notePass(flight.key);
    release(flight);
  }

  /** The address has changed at the origin: what is under way for it is not to be kept. */
  void(matches: (key: string) => boolean): void {
    for (const flight of this.#byKey.values()) if (matches(flight.key)) flight.isVoid = true;
  }

  #notePass(key: string): void {
    this.#passes.delete(key);
    this.#passes.set(key, this.#clock.nowMs() + passMs);
    for (const oldest of this.#passes.keys()) {
      if (this.#passes.size <= maxPasses) return;
      this.#passes.delete(oldest);
    }
  }
}

/** Lets everybody go on, in order of arrival. */
function release(flight: Flight): void {
  flight.timer?.cancel();
  flight.timer = undefined;
  const waiters = [...(flight.waiters ?? [])];
  flight.waiters = undefined;
  for (const { resume } of waiters) resume();
}
