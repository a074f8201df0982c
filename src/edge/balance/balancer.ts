// Shares a route's requests among its members: by fewest under way or in turn, both by weight; a visitor's own first where he
// has one; backups only when nobody else can. It lives as long as the route, through changes of its settings. No clock:
// `nowMs` is an argument.
import { createHash } from 'node:crypto';
import { type BalanceEntry, type MemberLive } from '#model/routes/balance-policy.ts';
import { MemberHealth } from './member-health.ts';
import { RetryBudget } from './retry-budget.ts';

type MemberEntry = BalanceEntry['members'][number];

/** One service behind the route, with the edge's bookkeeping. */
export class Member {
  entry: MemberEntry;
  readonly health: MemberHealth;
  /** Names it in a visitor's cookie without saying where it is. */
  readonly key: string;
  active = 0;
  requests = 0;
  failures = 0;
  /** Of the smooth turn (as in nginx: the highest goes, and pays the sum). */
  credit = 0;

  constructor(entry: MemberEntry, policy: BalanceEntry) {
    this.entry = entry;
    this.health = new MemberHealth(policy);
    this.key = createHash('sha256').update(entry.name).digest('hex').slice(0, 12);
  }

  begin(): void {
    this.active += 1;
    this.requests += 1;
    this.health.begun();
  }

  /** `trouble`: '' went well, undefined says nothing. */
  end(trouble: string | undefined, nowMs: number): void {
    this.active -= 1;
    if (trouble) this.failures += 1;
    this.health.ended(trouble, nowMs);
  }
}

export interface PickOptions {
  readonly nowMs: number;
  /** Where the request has just failed. */
  readonly except?: Member | undefined;
  /** The key in the visitor's cookie; '' without one. */
  readonly wanted?: string;
  readonly isOnline: (tunnelId: string) => boolean;
}

/** Why nobody can take a request. */
export type NoMember = 'no-connector' | 'overloaded';

export class Balancer {
  readonly budget: RetryBudget;
  #entry: BalanceEntry;
  #members: readonly Member[];

  constructor(entry: BalanceEntry) {
    this.#entry = entry;
    this.budget = new RetryBudget(entry.retryPercent);
    this.#members = entry.members.map((member) => new Member(member, entry));
  }

  get entry(): BalanceEntry {
    return this.#entry;
  }

  get members(): readonly Member[] {
    return this.#members;
  }

  /** Members that stay keep what is known of them. */
  apply(entry: BalanceEntry): void {
    const before = new Map(this.#members.map((member) => [member.entry.name, member]));
    this.#entry = entry;
    this.budget.apply(entry.retryPercent);
    this.#members = entry.members.map((each) => {
      const known = before.get(each.name);
      if (!known) return new Member(each, entry);
      known.entry = each;
      known.health.apply(entry);
      return known;
    });
  }

  /** The member for a request. HOT. */
  pick(options: PickOptions): Member | NoMember {
    return this.#pickAmong(false, options) ?? this.#pickAmong(true, options) ?? this.#refusal(options);
  }

  /** Whether another member than this one could take a request. */
  hasBeside(member: Member, options: Omit<PickOptions, 'except'>): boolean {
    return this.#members.some((other) => other !== member && this.#isUsable(other, options));
  }

  live(nowMs: number, isOnline: PickOptions['isOnline']): MemberLive[] {
    return this.#members.map(({ entry, health, active, requests, failures }) => ({
      name: entry.name,
      state: isOnline(entry.tunnelId) ? health.state(nowMs) : 'offline',
      isBackup: entry.isBackup,
      weight: entry.weight,
      ...{ active, requests, failures },
      trouble: isOnline(entry.tunnelId) ? health.trouble : 'no connector of its tunnel is connected',
    }));
  }

  #pickAmong(isBackup: boolean, options: PickOptions): Member | undefined {
    const { wanted = '', except, nowMs } = options;
    const own = wanted === '' ? undefined : this.#members.find(({ key }) => key === wanted);
    if (own && own !== except && own.entry.isBackup === isBackup && this.#isUsable(own, options)) return own;
    let best: Member | undefined;
    let bestScore = Infinity;
    let total = 0;
    for (const member of this.#members) {
      if (member.entry.isBackup !== isBackup || member === except || !this.#isUsable(member, options))
        continue;
      const weight = member.entry.weight * member.health.share(nowMs);
      total += weight;
      member.credit = Math.min(mostCredit, member.credit + weight);
      // Equal loads are shared by turn, so that a quiet route does not wear out its first member.
      const score =
        this.#entry.policy === 'weighted'
          ? -member.credit
          : (member.active + 1) / weight - member.credit * tieWeight;
      if (score < bestScore) {
        best = member;
        bestScore = score;
      }
    }
    if (best) best.credit -= total;
    return best;
  }

  #isUsable(
    { entry, health, active }: Member,
    { nowMs, isOnline }: Pick<PickOptions, 'nowMs' | 'isOnline'>,
  ): boolean {
    return (
      isOnline(entry.tunnelId) && health.isUsable(nowMs) && active < (this.#entry.maxRequests ?? Infinity)
    );
  }

  #refusal({ isOnline }: PickOptions): NoMember {
    return this.#members.some(({ entry }) => isOnline(entry.tunnelId)) ? 'overloaded' : 'no-connector';
  }
}

/** Where loads decide, a member that is never chosen would save up without end. */
const mostCredit = 100_000;
/** The turn decides between equals only: loads differ by far more. */
const tieWeight = 1e-9;
