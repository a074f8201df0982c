// Active checks of members: through the same tunnel, rule and connector as requests, on a stream of their own. Each member's
// checks come at their own pace, moved by up to a tenth, so that those of many routes never come all at once.
import type { Clock, Timer } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { BalanceEntry } from '#model/routes/balance-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { checkStream } from '../origins/check-stream.ts';
import type { TunnelRegistry } from '../tunnels/tunnel-registry.ts';
import type { Balancer, Member } from './balancer.ts';

export interface CheckParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: TunnelRegistry;
}

interface Checked {
  readonly route: RouteEntry;
  readonly balancer: Balancer;
}

/** Part of the interval by which a check may come sooner or later. */
const jitter = 0.1;

type Check = NonNullable<BalanceEntry['check']>;

export class MemberChecks {
  readonly #parts: CheckParts;
  readonly #running = new Map<
    Member,
    { route: RouteEntry; balancer: Balancer; timer: Timer | undefined; stop: (() => void) | undefined }
  >();

  constructor(parts: CheckParts) {
    this.#parts = parts;
  }

  /** Checks exactly the members of these that say so. */
  apply(checked: readonly Checked[]): void {
    const wanted = new Map<Member, Checked>();
    for (const each of checked) {
      if (each.balancer.entry.check) for (const member of each.balancer.members) wanted.set(member, each);
    }
    for (const [member, running] of this.#running) {
      if (wanted.has(member)) continue;
      running.timer?.cancel();
      running.stop?.();
      this.#running.delete(member);
    }
    for (const [member, each] of wanted) {
      const running = this.#running.get(member);
      if (running) {
        running.route = each.route;
        continue;
      }
      const fresh = { ...each, timer: undefined, stop: undefined };
      this.#running.set(member, fresh);
      // The first comes at once; `apply` must not call back.
      this.#plan(member, 0);
    }
  }

  #plan(member: Member, delayMs: number): void {
    const running = this.#running.get(member);
    if (running) running.timer = this.#parts.clock.after(delayMs, () => this.#check(member));
  }

  #check(member: Member): void {
    const running = this.#running.get(member);
    const check = running?.balancer.entry.check;
    if (!running || !check) return;
    const { clock, random } = this.#parts;
    const intervalMs = check.everySeconds * 1000 * (1 + jitter * (2 * random.fraction() - 1));
    const startedMs = clock.nowMs();
    running.stop = checkMember(this.#parts, { route: running.route, member, check }, (trouble) => {
      running.stop = undefined;
      // Where the connector is away there is nothing to be learnt of the service.
      if (trouble !== undefined) member.health.checked(trouble, clock.nowMs());
      this.#plan(member, Math.max(0, intervalMs - (clock.nowMs() - startedMs)));
    });
  }
}

/** Makes one check; `done` is told what is wrong ('' nothing, undefined: not known) unless the returned function is called. */
function checkMember(
  { clock, registry }: CheckParts,
  { route, member, check }: { readonly route: RouteEntry; readonly member: Member; readonly check: Check },
  done: (trouble: string | undefined) => void,
): () => void {
  const slot = registry.pick(member.entry.tunnelId, undefined);
  const host = (member.entry.rule ?? route.hostname).replace(/^\*\./, 'x.');
  const ruleIndex = slot?.matcher.match(host, check.kind === 'http' ? check.path : '/') ?? -1;
  const rule = slot?.rules.rules[ruleIndex];
  if (!slot || !rule) {
    // In a turn of its own: who asks has not been given the means to stop it yet.
    const timer = clock.after(0, () => done(slot ? 'the connector has no rule for it' : undefined));
    return () => timer.cancel();
  }
  // An origin of HTTP/2 or of bytes is well when it can be reached.
  const isAsked = check.kind === 'http' && rule.protocol === 'http1';
  const authority = rule.hostHeader === '' ? route.hostname.replace(/^\*\./, 'x.') : rule.hostHeader;
  const { timeoutSeconds } = check;
  const ask = isAsked ? { authority, path: check.path } : undefined;
  return checkStream(clock, { slot, ruleIndex, host, timeoutSeconds, ask }, done);
}
