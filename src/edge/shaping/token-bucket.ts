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

  constructor({ capacity }: BucketRate, nowMs: number) {
    this.#tokens = capacity;
    this.#atMs = nowMs;
  }

  /** Takes one if it is there. */
  takeOne(rate: BucketRate, nowMs: number): boolean {
    this.#fill(rate, nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Takes what was used already; the bucket may owe some after that. Returns whether it does not. */
  take(amount: number, rate: BucketRate, nowMs: number): boolean {
    this.#fill(rate, nowMs);
    this.#tokens -= amount;
    return this.#tokens >= 0;
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
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(rate: BucketRate, max: number) {
    this.rate = rate;
    this.#max = max;
  }

  get size(): number {
    return this.#buckets.size;
  }

  bucketOf(key: string, nowMs: number): TokenBucket {
    let bucket = this.#buckets.get(key);
    if (bucket) this.#buckets.delete(key);
    else bucket = new TokenBucket(this.rate, nowMs);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#max) this.#buckets.delete(this.#buckets.keys().next().value!);
    return bucket;
  }
}
