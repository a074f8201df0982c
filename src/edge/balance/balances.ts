// The balancers of an edge: one for each route that says something about it, kept while the route stays; their checks; what
// requests are told and what their outcome tells. Time comes from the clock here, and goes as an argument to the rest.
import type { Clock } from '#base/clock.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { Random } from '#base/random.ts';
import type { FailureCode } from '#http/exchange.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { routeName } from '#model/routes/route.ts';
import type { TunnelRegistry, TunnelSlot } from '../tunnels/tunnel-registry.ts';
import { Balancer, Member, type NoMember } from './balancer.ts';
import { MemberChecks } from './member-checks.ts';

export interface BalancesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly registry: TunnelRegistry;
}

/** Where a balanced request goes. */
export interface Choice {
  readonly member: Member;
  readonly slot: TunnelSlot;
}

export class Balances {
  readonly #options: BalancesOptions;
  readonly #byName = new Map<string, Balancer>();
  #byRoute = new Map<RouteEntry, Balancer>();
  readonly #checks: MemberChecks;
  readonly #isOnline = (tunnelId: string): boolean => this.#options.registry.isOnline(tunnelId);

  constructor(options: BalancesOptions) {
    this.#options = options;
    this.#checks = new MemberChecks(options);
  }

  /** Follows the routes in force. */
  apply(routes: readonly RouteEntry[]): void {
    const byRoute = new Map<RouteEntry, Balancer>();
    const names = new Set<string>();
    for (const route of routes) {
      if (!route.balance) continue;
      const name = routeName(route);
      names.add(name);
      const known = this.#byName.get(name);
      if (known) known.apply(route.balance);
      const balancer = known ?? new Balancer(route.balance);
      this.#byName.set(name, balancer);
      byRoute.set(route, balancer);
    }
    for (const name of this.#byName.keys()) if (!names.has(name)) this.#byName.delete(name);
    this.#byRoute = byRoute;
    this.#checks.apply([...byRoute].map(([route, balancer]) => ({ route, balancer })));
  }

  /** Ends the checks. */
  close(): void {
    this.#checks.apply([]);
  }

  /** The member and connection for a request; `before` is where it has just failed. HOT for routes with several services. */
  choose(
    route: RouteEntry,
    before: { readonly member: Member | undefined; readonly slot: TunnelSlot | undefined },
    cookies: string | undefined,
  ): Choice | NoMember {
    const balancer = this.#byRoute.get(route);
    if (!balancer) return 'no-connector';
    if (!before.slot) balancer.budget.requested();
    const options = {
      nowMs: this.#options.clock.nowMs(),
      wanted: wantedKey(balancer.entry.sticky, cookies),
      isOnline: this.#isOnline,
    };
    const other = balancer.pick({ ...options, except: before.member });
    // Nobody else: the same member once more, by another of its connections.
    const picked = other instanceof Member || !before.member ? other : balancer.pick(options);
    if (!(picked instanceof Member)) return picked;
    const slot = this.#options.registry.pick(picked.entry.tunnelId, before.slot);
    return slot ? { member: picked, slot } : 'no-connector';
  }

  hasBeside(route: RouteEntry, member: Member): boolean {
    const options = { nowMs: this.#options.clock.nowMs(), isOnline: this.#isOnline };
    return this.#byRoute.get(route)?.hasBeside(member, options) ?? false;
  }

  /** Whether the route's retry budget has one left; it is taken. */
  takeRetry(route: RouteEntry): boolean {
    return this.#byRoute.get(route)?.budget.take(this.#options.clock.nowMs()) ?? true;
  }

  /** Members by `routeName`. */
  live(): Map<string, MemberLive[]> {
    return new Map([...this.#byName].map(([name, balancer]) => [name, this.#liveOf(balancer)]));
  }

  membersOf(route: RouteEntry): MemberLive[] {
    const balancer = this.#byRoute.get(route);
    return balancer ? this.#liveOf(balancer) : [];
  }

  /** Adds the families of what is counted. */
  collect(metrics: MetricsRegistry): void {
    const each = (value: (member: MemberLive) => number) => () =>
      [...this.live()].flatMap(([route, members]) =>
        members.map((member): [Record<string, string>, number] => [
          { route, member: member.name },
          value(member),
        ]),
      );
    metrics.collect(
      'sallyport_edge_member_usable',
      'Whether a service behind a route takes requests.',
      'gauge',
      each(({ state }) => Number(isWell(state))),
    );
    metrics.collect(
      'sallyport_edge_member_requests_total',
      'Requests to each service behind a route.',
      'counter',
      each(({ requests }) => requests),
    );
    metrics.collect(
      'sallyport_edge_member_failures_total',
      'Requests that a service behind a route failed.',
      'counter',
      each(({ failures }) => failures),
    );
  }

  #liveOf(balancer: Balancer): MemberLive[] {
    return balancer.live(this.#options.clock.nowMs(), this.#isOnline);
  }
}

/** Whether members in this state take ordinary requests. */
export function isWell(state: MemberLive['state']): boolean {
  return state === 'up' || state === 'starting';
}

/** Failures that are the service's, or of the way to it. */
const troubling: ReadonlySet<FailureCode> = new Set([
  'origin-refused',
  'origin-unreachable',
  'origin-tls',
  'origin-protocol',
  'origin-closed',
  'origin-timeout',
  'connector-lost',
]);

/** Statuses by which a service, or a proxy before it, says that it cannot. */
const troublingStatuses: ReadonlySet<number> = new Set([502, 503, 504]);

/** What the end of a request says of the member that it was sent to; undefined: nothing. */
export function troubleOf(end: {
  readonly failure:
    | { readonly code: FailureCode; readonly status: number; readonly detail: string }
    | undefined;
  readonly isResponded: boolean;
  readonly status: number;
}): string | undefined {
  const { failure, status } = end;
  if (failure)
    return failure.status !== 499 && troubling.has(failure.code) ? failure.detail || failure.code : undefined;
  if (!end.isResponded) return undefined;
  return troublingStatuses.has(status) ? `it answered ${status}` : '';
}

/** The value of the visitor's cookie; '' without one. */
export function wantedKey(name: string | undefined, cookies: string | undefined): string {
  if (name === undefined || cookies === undefined) return '';
  for (const pair of cookies.split(';')) {
    const at = pair.indexOf('=');
    if (at > 0 && pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return '';
}
