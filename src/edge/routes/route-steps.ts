// Puts together what a route does beside forwarding, from its entry in the snapshot: who may pass, a cache, a coder, or nothing.
import type { Clock } from '#base/clock.ts';
import type { EdgeCache } from '../cache/edge-cache.ts';
import { withBalanceSteps } from '../balance/balance-steps.ts';
import { CacheHandler } from '../caching/cache-handler.ts';
import { CodingHandler } from '../coding/coding-handler.ts';
import { EncoderPool } from '../coding/encoder.ts';
import { RouteCoder } from '../coding/route-coder.ts';
import { HstsHandler } from './hsts-step.ts';
import { RedirectHandler } from './redirecting.ts';
import type { Shaping } from '#model/shaping/shaping.ts';
import { compilePolicy, isPublic } from '#http/access/compiled-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { AccessDesk } from '../access/visitors/access-desk.ts';
import { AccessHandler } from '../access/guards/access-handler.ts';
import { ForwardAuthHandler } from '../access/forward-auth/forward-auth.ts';
import { accessTunnelId, SignInPaths } from '../access/sign-in-paths.ts';
import type { Mates } from '../mates/mates.ts';
import { shareBans } from '../mates/shared-bans.ts';
import type { HandlerHost, HandlerMaker, RouteHandler } from './route-handler.ts';
import { routeName } from '#model/routes/route.ts';
import { Bans } from '../shaping/bans.ts';
import { LimitTables } from '../shaping/limit-steps.ts';
import type { PageReader } from '../shaping/page-steps.ts';
import { forwarder, originHost, stepsBeforeAccess, stepsBeforeCache } from '../shaping/shaping-steps.ts';

/** What the steps of all routes share. */
export interface StepParts {
  readonly clock: Clock;
  /** Undefined: this edge has no cache. */
  readonly cache: EdgeCache | undefined;
  /** Reads folders of error pages; absent: there are none. */
  readonly readPages?: PageReader;
  /** Who the guard keeps out; absent: a table of their own. */
  readonly bans?: Bans;
  /** The other processes of the edge, with which limits are shared; absent: there are none. */
  readonly mates?: Mates | undefined;
  /** Absent: protected routes are shut. */
  readonly desk?: AccessDesk;
}

/** Makes handlers of routes; a route whose requests go straight to the origin has none. */
export function routeHandlers(parts: StepParts): HandlerMaker {
  const { clock, cache, desk, mates, readPages = () => new Map(), bans = new Bans() } = parts;
  const tables = new LimitTables(mates && { mates, clock });
  if (mates) shareBans(bans, mates, clock);
  const tools = { pool: new EncoderPool(), wallMs: () => clock.wallMs() };
  const signInPaths = desk && new SignInPaths(desk);
  const stepsOf = (
    route: RouteEntry,
    host: HandlerHost,
    kept: EdgeCache | undefined,
  ): RouteHandler | undefined => {
    const { shaping = nothing } = route;
    const coder = route.compression && new RouteCoder(route.compression, tools);
    const origin = originHost(shaping, host);
    const last =
      kept && route.cache
        ? new CacheHandler({ policy: route.cache, cache: kept, host: origin, coder })
        : coder
          ? new CodingHandler(coder, origin)
          : origin === host
            ? undefined
            : forwarder(origin);
    const shaped = stepsBeforeCache(shaping, last, host);
    return route.redirects?.length ? new RedirectHandler(route.redirects, shaped, host) : shaped;
  };
  const guarded = (route: RouteEntry, host: HandlerHost): RouteHandler | undefined => {
    const open = stepsOf(route, host, cache);
    if (route.access === undefined || isPublic(route.access)) return open;
    const closed = stepsOf(route, host, undefined);
    return new AccessHandler({ policy: compilePolicy(route.access), desk: desk!, host, open, closed });
  };
  const whole: HandlerMaker = (route, host) => {
    if (route.tunnelId === accessTunnelId) return signInPaths;
    const { forwardAuth: forward } = route;
    if (forward && desk) return new ForwardAuthHandler({ forward, desk, host, pages: signInPaths! });
    // The proxy shuts a protected route that nobody guards.
    if (!desk && !isPublic(route.access)) return undefined;
    return stepsBeforeAccess(
      route.shaping ?? nothing,
      withBalanceSteps(route, guarded(route, host), host),
      host,
      {
        ...{ clock, tables, bans, readPages },
        routeName: routeName(route),
      },
    );
  };
  return (route, host) => {
    const handler = whole(route, host);
    // A route whose guard cannot be made is shut by the proxy.
    const isShut = handler === undefined && !isPublic(route.access);
    return route.hsts === undefined || isShut ? handler : new HstsHandler(route.hsts, handler, host);
  };
}

const nothing: Shaping = {};
