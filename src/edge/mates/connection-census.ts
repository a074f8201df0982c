// How many clients are connected to the other workers, in all and by address, so that a listener's limits hold over all
// workers. Each tells its numbers a moment after they have changed; within that moment several can let in what each has room
// for by what it knew before.
import type { Clock, Timer } from '#base/clock.ts';
import type { Mates } from './mates.ts';

/** How long changes are gathered. */
const everyMs = 50;

/** What one listener asks and tells. */
export interface Elsewhere {
  /** Connections to the same listener at other workers. */
  readonly total: number;
  /** Those of one address. HOT: once per connection. */
  of(address: string): number;
  /** So many there are here now, in all and of an address. */
  changed(address: string, count: number, total: number): void;
}

export class ConnectionCensus {
  readonly #clock: Clock;
  readonly #mates: Mates;
  readonly #desks = new Map<string, CensusDesk>();

  constructor(mates: Mates, clock: Clock) {
    this.#mates = mates;
    this.#clock = clock;
    mates.hear('connections', ({ listener, total, addresses }, from) =>
      this.#desks.get(listener)?.heard(from, total, addresses),
    );
    mates.onJoined(() => {
      for (const desk of this.#desks.values()) desk.tellAll();
    });
    mates.onLeft((number) => {
      for (const desk of this.#desks.values()) desk.forget(number);
    });
  }

  /** The desk of a listener; its name is the same at every worker. */
  of(listener: string): Elsewhere {
    const desk = new CensusDesk(listener, this.#mates, this.#clock);
    this.#desks.set(listener, desk);
    return desk;
  }
}

class CensusDesk implements Elsewhere {
  readonly #listener: string;
  readonly #mates: Mates;
  readonly #clock: Clock;
  readonly #here = new Map<string, number>();
  readonly #there = new Map<number, { total: number; readonly addresses: Map<string, number> }>();
  readonly #changed = new Set<string>();
  #totalHere = 0;
  #timer: Timer | undefined;

  constructor(listener: string, mates: Mates, clock: Clock) {
    this.#listener = listener;
    this.#mates = mates;
    this.#clock = clock;
  }

  get total(): number {
    let sum = 0;
    for (const { total } of this.#there.values()) sum += total;
    return sum;
  }

  of(address: string): number {
    let sum = 0;
    for (const { addresses } of this.#there.values()) sum += addresses.get(address) ?? 0;
    return sum;
  }

  changed(address: string, count: number, total: number): void {
    if (count > 0) this.#here.set(address, count);
    else this.#here.delete(address);
    this.#totalHere = total;
    this.#changed.add(address);
    this.#timer ??= this.#clock.after(everyMs, () => this.#tell());
  }

  heard(from: number, total: number, addresses: readonly (readonly [string, number])[]): void {
    const there = this.#there.get(from) ?? { total, addresses: new Map<string, number>() };
    this.#there.set(from, there);
    there.total = total;
    for (const [address, count] of addresses) {
      if (count > 0) there.addresses.set(address, count);
      else there.addresses.delete(address);
    }
  }

  forget(number: number): void {
    this.#there.delete(number);
  }

  /** To somebody who knows nothing yet. */
  tellAll(): void {
    for (const address of this.#here.keys()) this.#changed.add(address);
    this.#tell();
  }

  #tell(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const addresses = [...this.#changed].map((address) => [address, this.#here.get(address) ?? 0] as const);
    this.#changed.clear();
    this.#mates.tell('connections', { listener: this.#listener, total: this.#totalHere, addresses });
  }
}
