// Limits how many like answers a network gets over UDP, where the sender's address may be forged to flood its owner. What
// is over the limit is dropped, and every other time answered with "ask over TCP" instead (slip), which helps an honest
// client and is no larger than its question. As BIND's and Knot's response rate limiting do.
import { addressBytes } from '#base/net/ip.ts';

export interface ResponseRateOptions {
  /** Like answers a second to one network. */
  readonly perSecond: number;
  /** Answers a second of any kind to one network. */
  readonly allPerSecond: number;
  /** Every so many answers over the limit, one is sent truncated; 0: none. */
  readonly slip: number;
  /** Networks and kinds watched at once; the one longest unused is forgotten. */
  readonly maxEntries: number;
}

export const defaultResponseRate: ResponseRateOptions = {
  perSecond: 20,
  allPerSecond: 200,
  slip: 2,
  // About 100 bytes each.
  maxEntries: 20_000,
};

interface Bucket {
  tokens: number;
  atMs: number;
  over: number;
}

/** Counts answers; one per listener group. */
export class ResponseRate {
  readonly #options: ResponseRateOptions;
  /** By network and kind, least recently used first. */
  readonly #buckets = new Map<string, Bucket>();

  constructor(options: ResponseRateOptions = defaultResponseRate) {
    this.#options = options;
  }

  /** What to do with an answer. `kind` is the same for answers that are alike. */
  decide(address: string, kind: string, nowMs: number): 'send' | 'truncate' | 'drop' {
    const { perSecond, allPerSecond, slip } = this.#options;
    const network = networkOf(address);
    const like = this.#take(`${network} ${kind}`, perSecond, nowMs);
    const all = this.#take(network, allPerSecond, nowMs);
    const over = like > 0 ? like : all;
    if (over === 0) return 'send';
    return slip > 0 && over % slip === 0 ? 'truncate' : 'drop';
  }

  get size(): number {
    return this.#buckets.size;
  }

  /** Takes a token; 0 if there was one, else how many answers in a row were over the limit. */
  #take(key: string, perSecond: number, nowMs: number): number {
    const bucket = this.#buckets.get(key) ?? { tokens: perSecond, atMs: nowMs, over: 0 };
    this.#buckets.delete(key);
    this.#buckets.set(key, bucket);
    if (this.#buckets.size > this.#options.maxEntries) {
      const [oldest] = this.#buckets.keys();
      this.#buckets.delete(oldest!);
    }
    bucket.tokens = Math.min(perSecond, bucket.tokens + ((nowMs - bucket.atMs) / 1000) * perSecond);
    bucket.atMs = nowMs;
    if (bucket.tokens >= 1) {
      bucket.tokens -= 1;
      bucket.over = 0;
      return 0;
    }
    bucket.over += 1;
    return bucket.over;
  }
}

/** The /24 of an IPv4 address, the /56 of an IPv6 one: what one customer is usually given. */
function networkOf(address: string): string {
  const bytes = addressBytes(address);
  if (!bytes) return address;
  const isV4 = address.includes('.');
  return Buffer.from(isV4 ? bytes.subarray(12, 15) : bytes.subarray(0, 7)).toString('hex');
}
