// Addresses that were refused too often, and until when they stay out. One table for all routes with a guard; bounded, so that
// somebody with many addresses fills it with his own, and the oldest make room.

/** Addresses whose hits are counted, and that are banned at a time: some 4 MiB together. */
const maxKept = 20_000;

export interface BanRule {
  readonly after: number;
  readonly withinMs: number;
  readonly forMs: number;
}

interface Hits {
  count: number;
  sinceMs: number;
}

export class Bans {
  readonly #hits = new Map<string, Hits>();
  /** When each ends. */
  readonly #untilMs = new Map<string, number>();

  /** Milliseconds that a client stays out for; 0 when it may come in. */
  leftMs(key: string, nowMs: number): number {
    const until = this.#untilMs.get(key);
    if (until === undefined) return 0;
    if (until > nowMs) return until - nowMs;
    this.#untilMs.delete(key);
    return 0;
  }

  /** Counts a hit; true: the client is banned from now on. */
  hit(key: string, { after, withinMs, forMs }: BanRule, nowMs: number): boolean {
    let hits = this.#hits.get(key);
    if (!hits || nowMs - hits.sinceMs > withinMs) hits = { count: 0, sinceMs: nowMs };
    hits.count += 1;
    this.#hits.delete(key);
    if (hits.count < after) {
      keep(this.#hits, key, hits);
      return false;
    }
    this.#untilMs.delete(key);
    keep(this.#untilMs, key, nowMs + forMs);
    return true;
  }

  get size(): number {
    return this.#untilMs.size;
  }
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size > maxKept) map.delete(map.keys().next().value!);
}
