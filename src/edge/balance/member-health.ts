// Whether one member of a route can be used, from checks and from the requests themselves. No clock of its own: `nowMs` is an
// argument.
//
//   up --fall bad checks--> down --rise good checks--> starting --slow start--> up
//   up --failures in a row--> ejected --time--> trial --one good request--> starting ...
//                               ^------- one bad request, twice the time -------'
import type { BalanceEntry, MemberLive } from '#model/routes/balance-policy.ts';

type Policy = Pick<BalanceEntry, 'check' | 'eject'>;

/** An ejection doubles up to this many times. */
const maxDoublings = 6;
/** Least share while a member starts. */
const leastShare = 0.05;

export class MemberHealth {
  #policy: Policy;
  #isDown = false;
  #goodChecks = 0;
  #badChecks = 0;
  #failures = 0;
  #ejections = 0;
  /** 0: not ejected. After that time a single trial is allowed. */
  #ejectedUntilMs = 0;
  #isTrialUnderWay = false;
  /** Undefined: it has been up for as long as anybody knows. */
  #startedMs: number | undefined;
  trouble = '';

  constructor(policy: Policy) {
    this.#policy = policy;
  }

  apply(policy: Policy): void {
    this.#policy = policy;
    if (!policy.check) this.#isDown = false;
    if (!policy.eject) this.#ejectedUntilMs = 0;
  }

  /** The outcome of an active check; '' is good. */
  checked(trouble: string, nowMs: number): void {
    const { check } = this.#policy;
    if (!check) return;
    if (trouble === '') {
      this.#badChecks = 0;
      this.#goodChecks += 1;
      if (!this.#isDown || this.#goodChecks < check.rise) return;
      this.#isDown = false;
      this.trouble = '';
      this.#startedMs = nowMs;
    } else {
      this.#goodChecks = 0;
      this.#badChecks += 1;
      this.trouble = trouble;
      if (this.#badChecks >= check.fall) this.#isDown = true;
    }
  }

  /** A request begins; during a trial it is the one that decides. */
  begun(): void {
    if (this.#ejectedUntilMs > 0) this.#isTrialUnderWay = true;
  }

  /** A request's outcome; '' is good. Undefined: it says nothing (the client left). */
  ended(trouble: string | undefined, nowMs: number): void {
    const wasTrial = this.#ejectedUntilMs > 0 && nowMs >= this.#ejectedUntilMs;
    this.#isTrialUnderWay = false;
    if (trouble === undefined) return;
    if (trouble === '') {
      this.#failures = 0;
      if (!this.#isDown) this.trouble = '';
      if (wasTrial) {
        this.#ejectedUntilMs = 0;
        this.#startedMs = nowMs;
      }
      return;
    }
    this.trouble = trouble;
    this.#failures += 1;
    const { eject } = this.#policy;
    if (!eject) return;
    // Those that were under way when it was ejected say nothing new.
    if (this.#ejectedUntilMs > 0 && !wasTrial) return;
    if (!wasTrial && this.#failures < eject.failures) return;
    if (!this.#isStarting(nowMs) && !wasTrial && this.#startedMs !== undefined) this.#ejections = 0;
    this.#ejectedUntilMs = nowMs + eject.seconds * 1000 * 2 ** Math.min(this.#ejections, maxDoublings);
    this.#ejections += 1;
    this.#failures = 0;
    this.#startedMs = undefined;
  }

  isUsable(nowMs: number): boolean {
    if (this.#isDown) return false;
    if (this.#ejectedUntilMs === 0) return true;
    return nowMs >= this.#ejectedUntilMs && !this.#isTrialUnderWay;
  }

  /** Part of its weight that counts, from `leastShare` to 1. */
  share(nowMs: number): number {
    if (!this.#isStarting(nowMs)) return 1;
    const part = (nowMs - this.#startedMs!) / ((this.#policy.eject?.slowStartSeconds ?? 0) * 1000);
    return Math.max(leastShare, part);
  }

  state(nowMs: number): Exclude<MemberLive['state'], 'offline'> {
    if (this.#isDown) return 'down';
    if (this.#ejectedUntilMs > 0) return nowMs >= this.#ejectedUntilMs ? 'trial' : 'ejected';
    return this.#isStarting(nowMs) ? 'starting' : 'up';
  }

  #isStarting(nowMs: number): boolean {
    const slowStartMs = (this.#policy.eject?.slowStartSeconds ?? 0) * 1000;
    return this.#startedMs !== undefined && nowMs - this.#startedMs < slowStartMs;
  }
}
