// What the cache did, in numbers: for all and for each hostname. The hot path adds to them and nothing else.
import type { CacheWord } from '#http/cache/cache-status.ts';

/** Numbers of one hostname, or of all. */
export interface CacheNumbers {
  /** Requests by what became of them. */
  readonly requests: Readonly<Partial<Record<CacheWord, number>>>;
  /** Body bytes that did not have to come from home. */
  readonly savedBytes: number;
  /** Requests that the cache answered, of those that it could have: from 0 to 1. */
  readonly hitRatio: number;
}

/** Hostnames that are counted apart; more are counted in the sum only. */
const maxHosts = 1_000;

/** Answered without waiting for the origin's body. */
const savingWords: ReadonlySet<string> = new Set<CacheWord>(['HIT', 'STALE', 'UPDATING', 'REVALIDATED']);
/** Never meant for the cache. */
const outsideWords: ReadonlySet<string> = new Set<CacheWord>(['DYNAMIC', 'BYPASS']);

class Tally {
  readonly requests = new Map<CacheWord, number>();
  savedBytes = 0;

  add(word: CacheWord, bodyBytes: number): void {
    this.requests.set(word, (this.requests.get(word) ?? 0) + 1);
    if (bodyBytes > 0) this.savedBytes += bodyBytes;
  }

  numbers(): CacheNumbers {
    const requests = Object.fromEntries(this.requests) as CacheNumbers['requests'];
    return { requests, savedBytes: this.savedBytes, hitRatio: hitRatioOf(this.requests) };
  }
}

/** The part that the cache answered, of requests by what became of them. */
export function hitRatioOf(requests: Iterable<readonly [string, number]>): number {
  let saved = 0;
  let all = 0;
  for (const [word, count] of requests) {
    if (outsideWords.has(word)) continue;
    all += count;
    if (savingWords.has(word)) saved += count;
  }
  return all === 0 ? 0 : saved / all;
}

export class CacheStatistics {
  readonly #all = new Tally();
  readonly #hosts = new Map<string, Tally>();

  /** Notes one request; `bodyBytes` is what the cache sent of its body, or 0. HOT. */
  count(word: CacheWord, host: string, bodyBytes: number): void {
    this.#all.add(word, bodyBytes);
    let tally = this.#hosts.get(host);
    if (tally === undefined) {
      if (this.#hosts.size >= maxHosts) return;
      this.#hosts.set(host, (tally = new Tally()));
    }
    tally.add(word, bodyBytes);
  }

  get total(): CacheNumbers {
    return this.#all.numbers();
  }

  /** `[hostname, numbers]`, in order of first request. */
  get hosts(): ReadonlyArray<readonly [string, CacheNumbers]> {
    return [...this.#hosts].map(([host, tally]) => [host, tally.numbers()]);
  }

  /** Requests by outcome, for metrics. */
  get byWord(): ReadonlyMap<CacheWord, number> {
    return this.#all.requests;
  }
}
