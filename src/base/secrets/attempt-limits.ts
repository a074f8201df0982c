// How often somebody may try to get in. Every attempt counts as failed when it begins, so that a thousand at once count as
// a thousand; a success takes its own back. Counted by client address, by account, and over all; beyond a few free attempts
// each further one makes the next wait longer, and the answer is 429 with the time to wait.
//
// Whoever has signed in to the account from his address lately is counted apart, so that a stranger who guesses at an account
// locks out himself, not its owner. What is kept is bounded: 10,000 entries of each kind, the longest unused go first.
import { addressBytes } from '../net/ip.ts';
import { type Clock } from '../clock.ts';
import { SallyportError } from '../errors.ts';

/** Who tries to be whom. */
export interface Attempt {
  readonly address: string;
  /** The name that was given, whether somebody has it or not; undefined where none is. */
  readonly account?: string | undefined;
}

/** What an attempt is counted by. */
export interface AttemptRule {
  /** Failures without a wait. */
  readonly free: number;
  /** The wait after the first one beyond; it doubles with each. */
  readonly firstMs: number;
  readonly longestMs: number;
  /** Failures are forgotten when none has come for so long. */
  readonly forgottenMs: number;
}

/** One for each way of counting. */
export interface AttemptRules {
  readonly address: AttemptRule;
  readonly account: AttemptRule;
  /** An account from an address that has got into it before: instead of the three others. */
  readonly known: AttemptRule;
  readonly all: AttemptRule;
}

type RuleName = keyof AttemptRules;

const minute = 60_000;

/** At most some 110 guesses a day at an account, and about as many from an address. */
export const signInRules: AttemptRules = {
  address: { free: 10, firstMs: 1_000, longestMs: 15 * minute, forgottenMs: 60 * minute },
  account: { free: 10, firstMs: 2_000, longestMs: 15 * minute, forgottenMs: 60 * minute },
  known: { free: 10, firstMs: 1_000, longestMs: 5 * minute, forgottenMs: 60 * minute },
  // A botnet with an address for each guess: slow for strangers, and never closed.
  all: { free: 200, firstMs: 250, longestMs: 4_000, forgottenMs: 10 * minute },
};

/** For what proves nothing yet but leaves a row behind for some minutes: some thousand rows at most. */
export const openingRules: AttemptRules = {
  address: { free: 60, firstMs: 1_000, longestMs: minute, forgottenMs: 5 * minute },
  account: { free: 60, firstMs: 1_000, longestMs: minute, forgottenMs: 5 * minute },
  known: { free: 60, firstMs: 1_000, longestMs: minute, forgottenMs: 5 * minute },
  all: { free: 1_000, firstMs: 250, longestMs: 1_000, forgottenMs: 5 * minute },
};

interface Entry {
  failures: number;
  blockedUntilMs: number;
  lastMs: number;
}

/** How an attempt ended; when nobody says, it has failed. */
export interface AttemptReceipt {
  /** It was none. */
  takeBack(): void;
  /** It was none, and the address is one that this account is used from. */
  succeeded(): void;
}

const longestTable = 10_000;

export class AttemptLimits {
  readonly #clock: Clock;
  readonly #rules: AttemptRules;
  readonly #tables: Readonly<Record<RuleName, Map<string, Entry>>> = {
    address: new Map(),
    account: new Map(),
    known: new Map(),
    all: new Map(),
  };
  /** Account and address of those who have signed in. */
  readonly #known = new Map<string, true>();

  constructor(clock: Clock, rules: AttemptRules) {
    this.#clock = clock;
    this.#rules = rules;
  }

  /** Counts an attempt. @throws SallyportError 'too-many-requests' with the seconds to wait */
  begin(attempt: Attempt): AttemptReceipt {
    const now = this.#clock.nowMs();
    const entries = this.#entriesOf(attempt, now);
    const waitMs = Math.max(...entries.map(([, entry]) => entry.blockedUntilMs - now));
    if (waitMs > 0) throw tooMany(waitMs);
    return this.#count(attempt, entries, now);
  }

  /** Counts an attempt that another process has let begin. */
  note(attempt: Attempt): AttemptReceipt {
    const now = this.#clock.nowMs();
    return this.#count(attempt, this.#entriesOf(attempt, now), now);
  }

  #entriesOf(attempt: Attempt, now: number): (readonly [AttemptRule, Entry])[] {
    return this.#keysOf(attempt).map(([rule, key]) => [this.#rules[rule], this.#entry(rule, key, now)]);
  }

  #count(attempt: Attempt, entries: readonly (readonly [AttemptRule, Entry])[], now: number): AttemptReceipt {
    const undo = entries.map(([rule, entry]) => countFailure(rule, entry, now));
    const takeBack = (): void => {
      for (const each of undo) each();
    };
    return {
      takeBack,
      succeeded: () => {
        takeBack();
        if (attempt.account !== undefined) keep(this.#known, pairOf(attempt), true);
      },
    };
  }

  #keysOf(attempt: Attempt): [RuleName, string][] {
    const pair = pairOf(attempt);
    if (this.#known.has(pair)) return [['known', pair]];
    const { address, account } = attempt;
    return [
      ['address', networkOf(address)],
      ...(account === undefined ? [] : [['account', account.toLowerCase()] as [RuleName, string]]),
      ['all', ''],
    ];
  }

  #entry(rule: RuleName, key: string, now: number): Entry {
    const found = this.#tables[rule].get(key);
    const isForgotten = found === undefined || now - found.lastMs > this.#rules[rule].forgottenMs;
    const entry = isForgotten ? { failures: 0, blockedUntilMs: 0, lastMs: now } : found;
    keep(this.#tables[rule], key, entry);
    return entry;
  }
}

function countFailure(rule: AttemptRule, entry: Entry, now: number): () => void {
  const before = entry.blockedUntilMs;
  entry.failures += 1;
  entry.lastMs = now;
  const beyond = entry.failures - rule.free;
  const until =
    beyond > 0 ? now + Math.min(rule.longestMs, rule.firstMs * 2 ** Math.min(beyond - 1, 30)) : before;
  entry.blockedUntilMs = until;
  return () => {
    entry.failures = Math.max(0, entry.failures - 1);
    if (entry.blockedUntilMs === until) entry.blockedUntilMs = before;
  };
}

/** Puts a key last, and drops the first ones beyond the limit. */
function keep<V>(table: Map<string, V>, key: string, value: V): void {
  table.delete(key);
  table.set(key, value);
  if (table.size > longestTable) table.delete(table.keys().next().value!);
}

function pairOf({ account = '', address }: Attempt): string {
  return `${account.toLowerCase()} ${networkOf(address)}`;
}

/** IPv4 as it is; of IPv6 the /64, which is what one household or server has. Whatever is no address counts as one. */
function networkOf(address: string): string {
  const bytes = addressBytes(address);
  if (!bytes) return 'none';
  const isV4 =
    !address.includes(':') || bytes.subarray(0, 12).every((byte, i) => byte === (i < 10 ? 0 : 0xff));
  return Buffer.from(isV4 ? bytes.subarray(12) : bytes.subarray(0, 8)).toString('hex');
}

function tooMany(waitMs: number): SallyportError {
  const seconds = Math.ceil(waitMs / 1_000);
  return new SallyportError(
    'too-many-requests',
    `Too many attempts; try again in ${seconds} ${seconds === 1 ? 'second' : 'seconds'}.`,
    { facts: { retryAfterS: seconds } },
  );
}
