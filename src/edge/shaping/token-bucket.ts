// A bucket of tokens that fills at a steady rate: what is there may be taken at once, more has to wait. Pure arithmetic over
// times that are passed in; nothing runs while nobody asks.

export interface BucketRate {
  /** Tokens that fit in. */
  readonly capacity: number;
  readonly perMs: number;
}

export class TokenBucket {
  #tokens: number;
  #atMs: number;
  readonly #onTaken: ((amount: number) => void) | undefined;

  /** `onTaken` is told of what is taken here, where others hold the same limit. */
  constructor({ capacity }: BucketRate, nowMs: number, onTaken?: (amount: number) => void) {
    this.#tokens = capacity;
    this.#atMs = nowMs;
    this.#onTaken = onTaken;
  }

  /** Takes one if it is there. */
  takeOne(rate: BucketRate, nowMs: number): boolean {
    this.#fill(rate, nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    this.#onTaken?.(1);
    return true;
  }

  /** Takes what was used already; the bucket may owe some after that. Returns whether it does not. */
  take(amount: number, rate: BucketRate, nowMs: number): boolean {
    this.#fill(rate, nowMs);
    this.#tokens -= amount;
    this.#onTaken?.(amount);
    return this.#tokens >= 0;
  }

  /** Another process of the edge has let so much pass; what it owes for that is paid here, too. */
  takenElsewhere(amount: number, rate: BucketRate, nowMs: number): void {
    this.#fill(rate, nowMs);
    this.#tokens -= amount;
  }

  /** Whole tokens there. */
  remaining(rate: BucketRate, nowMs: number): number {
    this.#fill(rate, nowMs);
    return Math.max(0, Math.floor(this.#tokens));
  }

  /** Milliseconds until it holds `amount`; 0 when it does. */
  waitMs(amount: number, rate: BucketRate, nowMs: number): number {
    this.#fill(rate, nowMs);
    return Math.max(0, Math.ceil((amount - this.#tokens) / rate.perMs));
  }

  #fill({ capacity, perMs }: BucketRate, nowMs: number): void {
    this.#tokens = Math.min(capacity, this.#tokens + (nowMs - this.#atMs) * perMs);
    this.#atMs = nowMs;
  }
}

/** Buckets by key, so many at most: the one that was asked for longest ago makes room, and is the likeliest to be full. */
export class BucketTable {
  readonly rate: BucketRate;
  readonly #max: number;
  readonly #onTaken: ((key: string, amount: number) => void) | undefined;
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: BucketRate, max: number, onTaken?: (key: string, amount: number) => void) {
    this.rate = rate;
    this.#max = max;
    this.#onTaken = onTaken;
  }

  get size(): number {
    return this.#buckets.size;
  }

  bucketOf(key: string, nowMs: number): TokenBucket {
    let bucket = this.#buckets.get(key);
    if (bucket) this.#buckets.delete(key);
    else {
      const told = this.#onTaken;
      bucket = new TokenBucket(this.rate, nowMs, told && ((amount) => told(key, amount)));
    }
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#max) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket;
  }
}
