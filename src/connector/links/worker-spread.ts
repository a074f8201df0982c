// An edge may run as several processes (its workers), and which of them takes a connection is the kernel's choice. The
// connector sees in each handshake where it has come to, and makes connections anew, one at a time and ever more rarely,
// until it has at least one to each worker. Until then the edge relays between its workers: nothing depends on this but speed.
import type { Clock, Timer } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { WorkerSeat } from '#tunnel/worker-seat.ts';

/** A connection as it is looked at here. */
export interface SpreadLink {
  /** Where it leads; undefined while it is down, or at an edge that is one process. */
  readonly seat: WorkerSeat | undefined;
  /** Makes a successor for it, which may come to another worker. */
  renew(): void;
}

export interface WorkerSpreadOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly links: () => readonly SpreadLink[];
  /** One more connection is needed: there are fewer than workers. */
  readonly addLink: () => void;
}

/** Waits before a connection is made anew: a handshake is 5 ms of an edge's time, and by then most are where they should be. */
const firstMs = 250;
const longestMs = 30_000;
/** Connections to one edge, however many workers it has. */
const mostLinks = 64;

export class WorkerSpread {
  readonly #options: WorkerSpreadOptions;
  #timer: Timer | undefined;
  #tries = 0;

  constructor(options: WorkerSpreadOptions) {
    this.#options = options;
  }

  /** Workers that no connection leads to. */
  get missing(): number[] {
    const seats = this.#seats();
    const count = seats.at(-1)?.count ?? 1;
    const reached = new Set(seats.map(({ number }) => number));
    return Array.from({ length: count }, (_, i) => i + 1).filter((number) => !reached.has(number));
  }

  /** A connection is up, or has gone. */
  look(): void {
    if (this.missing.length === 0) return this.#settle();
    if (this.#timer) return;
    const { clock, random } = this.#options;
    const ceilingMs = Math.min(longestMs, firstMs * 2 ** Math.min(this.#tries, 20));
    // Never at once, and never in step with other connectors.
    const waitMs = ceilingMs * (0.5 + random.fraction() / 2);
    this.#timer = clock.after(waitMs, () => {
      this.#timer = undefined;
      this.#move();
    });
  }

  close(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #settle(): void {
    this.close();
    this.#tries = 0;
  }

  #move(): void {
    if (this.missing.length === 0) return this.#settle();
    this.#tries += 1;
    const { links, addLink } = this.#options;
    const spare = this.#spare();
    if (spare) spare.renew();
    // Those that are down come back by themselves, perhaps where they are missing.
    else if (this.#seats().length === links().length && links().length < mostLinks) addLink();
    this.look();
  }

  /** A connection whose worker has another one. */
  #spare(): SpreadLink | undefined {
    const up = this.#options.links().filter(({ seat }) => seat !== undefined);
    const byWorker = Map.groupBy(up, ({ seat }) => seat!.number);
    return [...byWorker.values()]
      .filter(({ length }) => length > 1)
      .at(-1)
      ?.at(-1);
  }

  #seats(): WorkerSeat[] {
    return this.#options.links().flatMap(({ seat }) => (seat ? [seat] : []));
  }
}
