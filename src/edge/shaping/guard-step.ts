// The step of a route with a guard: refuses what only scanners ask for, and whoever is banned, before anything else is done for
// them.
import type { Clock } from '#base/clock.ts';
import { parseDuration } from '#base/text/duration.ts';
import { cidrSet } from '#base/net/ip.ts';
import { matchesAnyWildcard } from '#base/text/wildcard.ts';
import { type GuardSettings, scannerPaths } from '#model/shaping/guard.ts';
import type { RouteHandler } from '../routes/route-handler.ts';
import type { Bans, BanRule } from './bans.ts';
import { clientKey } from './client-key.ts';
import { stepBefore } from './step-before.ts';

/** The step. */
export function guardStep(
  { scanners, paths = [], agents = [], allow = [], ban }: GuardSettings,
  next: RouteHandler,
  { clock, bans, routeName }: { readonly clock: Clock; readonly bans: Bans; readonly routeName: string },
): RouteHandler {
  const refusedPaths = [...(scanners ? scannerPaths : []), ...paths];
  const allowed = cidrSet(allow);
  const rule: BanRule | undefined = ban && {
    after: ban.after,
    withinMs: parseDuration(ban.within)!,
    forMs: parseDuration(ban.for)!,
  };
  return stepBefore('guard', next, (exchange) => {
    const { clientAddress, request } = exchange;
    if (allowed.has(clientAddress)) return next.start(exchange);
    const nowMs = clock.nowMs();
    const key = clientKey(clientAddress);
    const leftMs = bans.leftMs(key, nowMs);
    const retry = (ms: number) => ({ fields: ['Retry-After', String(Math.ceil(ms / 1000))] });
    if (leftMs > 0) return exchange.fail('banned', `${key} is banned`, retry(leftMs));
    const agent = agents.length > 0 ? (request.fields.get('user-agent') ?? '').toLowerCase() : '';
    const isPath = matchesAnyWildcard(refusedPaths, request.path);
    if (!isPath && (agents.length === 0 || !matchesAnyWildcard(agents, agent))) return next.start(exchange);
    const what = isPath ? `asked for ${request.path}` : `called itself ${agent}`;
    if (rule && bans.hit(key, rule, nowMs, `${what}, at ${routeName}`))
      exchange.fail('banned', `${key} is banned from now on`, retry(rule.forMs));
    else exchange.fail('banned', 'what only scanners ask for');
  });
}
