// Addresses that were refused too often, why, and until when they stay out. One table for all routes with a guard; bounded, so
// that somebody with many addresses fills it with his own, and the oldest make room.

/** Addresses whose hits are counted, and that are banned at a time: some 8 MiB together. */
const maxKept = 20_000;
/** What is kept of the request that led to a ban. */
const maxWhyChars = 200;

export interface BanRule {
  readonly after: number;
  readonly withinMs: number;
  readonly forMs: number;
}

/** One ban; times on the monotonic clock. */
export interface Ban {
  /** An IPv4 address, or an IPv6 /64. */
  readonly client: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  /** The last thing that it was refused for, in words. */
  readonly why: string;
}

interface Hits {
  count: number;
  sinceMs: number;
}

/** Where bans are shared with other processes of the edge. */
export interface BanNews {
  /** A hit that led to no ban. */
  hit(key: string, rule: BanRule): void;
  banned(ban: Ban): void;
}

export class Bans {
  readonly #hits = new Map<string, Hits>();
  readonly #bans = new Map<string, Ban>();
  /** Told of what happens here. */
  news: BanNews | undefined;
  #total = 0;

  /** Milliseconds that a client stays out for; 0 when it may come in. */
  leftMs(key: string, nowMs: number): number {
    const ban = this.#bans.get(key);
    if (ban === undefined) return 0;
    if (ban.untilMs > nowMs) return ban.untilMs - nowMs;
    this.#bans.delete(key);
    return 0;
  }

  /** Counts a hit; true: the client is banned from now on. */
  hit(key: string, rule: BanRule, nowMs: number, why = ''): boolean {
    const ban = this.count(key, rule, nowMs, why);
    if (!ban) {
      this.news?.hit(key, rule);
      return false;
    }
    this.#total += 1;
    this.news?.banned(ban);
    return true;
  }

  /** Keeps a client out that another process has banned. */
  adopt(ban: Ban): void {
    this.#hits.delete(ban.client);
    this.#bans.delete(ban.client);
    keep(this.#bans, ban.client, ban);
  }

  /** Counts a hit, here or elsewhere; answers the ban that it leads to. */
  count(key: string, { after, withinMs, forMs }: BanRule, nowMs: number, why = ''): Ban | undefined {
    let hits = this.#hits.get(key);
    if (!hits || nowMs - hits.sinceMs > withinMs) hits = { count: 0, sinceMs: nowMs };
    hits.count += 1;
    this.#hits.delete(key);
    if (hits.count < after) {
      keep(this.#hits, key, hits);
      return undefined;
    }
    this.#bans.delete(key);
    const ban = { client: key, sinceMs: nowMs, untilMs: nowMs + forMs, why: why.slice(0, maxWhyChars) };
    keep(this.#bans, key, ban);
    return ban;
  }

  /** Bans in force, the newest first. */
  list(nowMs: number): Ban[] {
    return [...this.#bans.values()].filter(({ untilMs }) => untilMs > nowMs).toReversed();
  }

  /** Lets a client in again, with nothing held against it; false when it was not banned. */
  lift(key: string, nowMs: number): boolean {
    const isBanned = this.leftMs(key, nowMs) > 0;
    this.#bans.delete(key);
    this.#hits.delete(key);
    return isBanned;
  }

  get size(): number {
    return this.#bans.size;
  }

  /** Bans since the start. */
  get total(): number {
    return this.#total;
  }
}

function keep<V>(map: Map<string, V>, key: string, value: V): void {
  map.set(key, value);
  if (map.size > maxKept) map.delete(map.keys().next().value!);
}
