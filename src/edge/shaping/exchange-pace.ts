// Holds the body bytes of one exchange to a rate, both ways. Bytes pass as they come and are paid for afterwards: while a
// bucket owes, the sender is told to wait, as if its reader were slow, and one timer tells it when to go on. Nothing is
// buffered here, and a stopped sender is the tunnel's flow control all the way to the origin.
import type { Clock, Timer } from '#base/clock.ts';
import type { BucketRate, TokenBucket } from './token-bucket.ts';

export type Direction = 'down' | 'up';

/** A bucket of bytes with its rate; shared by all exchanges that are held together. */
export interface PacedBucket {
  readonly bucket: TokenBucket;
  readonly rate: BucketRate;
}

/** What the pace asks of its exchange. */
export interface PacedExchange {
  /** Last time of progress, in clock milliseconds; waiting for a rate is none of the client's doing. */
  progressMs: number;
  downstreamDrained(): void;
  upstreamDrained(): void;
}

/** Longest wait in one go; then the time limits of the data path are told that all is well. */
const longestWaitMs = 5_000;

interface Lane {
  timer: Timer | undefined;
  /** The reader can take more. */
  hasRoom: boolean;
}

export class ExchangePace {
  readonly #exchange: PacedExchange;
  readonly #buckets: Readonly<Partial<Record<Direction, PacedBucket>>>;
  readonly #clock: Clock;
  readonly #lanes: Record<Direction, Lane> = {
    down: { timer: undefined, hasRoom: true },
    up: { timer: undefined, hasRoom: true },
  };
  #isClosed = false;

  constructor(
    exchange: PacedExchange,
    buckets: Readonly<Partial<Record<Direction, PacedBucket>>>,
    clock: Clock,
  ) {
    this.#exchange = exchange;
    this.#buckets = buckets;
    this.#clock = clock;
  }

  /** Bytes have passed, and `hasRoom` is what their reader said; returns whether more may come. */
  pass(direction: Direction, bytes: number, hasRoom: boolean): boolean {
    const paced = this.#buckets[direction];
    if (!paced || this.#isClosed) return hasRoom;
    const lane = this.#lanes[direction];
    lane.hasRoom = hasRoom;
    if (paced.bucket.take(bytes, paced.rate, this.#clock.nowMs())) return hasRoom;
    lane.timer ??= this.#wait(direction, paced);
    return false;
  }

  /** The reader has room again; true: it is the rate that is waited for. */
  holds(direction: Direction): boolean {
    const lane = this.#lanes[direction];
    lane.hasRoom = true;
    return lane.timer !== undefined;
  }

  close(): void {
    this.#isClosed = true;
    for (const lane of Object.values(this.#lanes)) {
      lane.timer?.cancel();
      lane.timer = undefined;
    }
  }

  #wait(direction: Direction, { bucket, rate }: PacedBucket): Timer {
    const owedMs = bucket.waitMs(0, rate, this.#clock.nowMs());
    return this.#clock.after(Math.min(Math.max(1, owedMs), longestWaitMs), () => {
      const lane = this.#lanes[direction];
      lane.timer = undefined;
      if (this.#isClosed) return;
      this.#exchange.progressMs = this.#clock.nowMs();
      // Others that share the bucket may have been first.
      if (bucket.waitMs(0, rate, this.#clock.nowMs()) > 0) {
        lane.timer = this.#wait(direction, { bucket, rate });
      } else if (lane.hasRoom) {
        if (direction === 'down') this.#exchange.downstreamDrained();
        else this.#exchange.upstreamDrained();
      }
    });
  }
}
