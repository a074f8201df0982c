// Puts together what a route does beside forwarding, from its entry in the snapshot: who may pass, a cache, a coder, or nothing.
import type { Clock } from '#base/clock.ts';
import type { EdgeCache } from './cache/edge-cache.ts';
import { CacheHandler } from './caching/cache-handler.ts';
import { CodingHandler } from './coding/coding-handler.ts';
import { EncoderPool } from './coding/encoder.ts';
import { RouteCoder } from './coding/route-coder.ts';
import { HstsHandler } from './hsts-step.ts';
import { RedirectHandler } from './redirecting.ts';
import { compilePolicy, isPublic } from '#http/access/compiled-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { AccessDesk } from './access/access-desk.ts';
import { AccessHandler } from './access/access-handler.ts';
import { accessTunnelId, SignInPaths } from './access/sign-in-paths.ts';
import type { HandlerHost, HandlerMaker, RouteHandler } from './route-handler.ts';

/** What the steps of all routes share. */
export interface StepParts {
  readonly clock: Clock;
  /** Undefined: this edge has no cache. */
  readonly cache: EdgeCache | undefined;
  /** Absent: protected routes are shut. */
  readonly desk?: AccessDesk;
}

/** Makes handlers of routes; a route whose requests go straight to the origin has none. */
export function routeHandlers({ clock, cache, desk }: StepParts): HandlerMaker {
  const tools = { pool: new EncoderPool(), wallMs: () => clock.wallMs() };
  const signInPaths = desk && new SignInPaths(desk);
  const stepsOf = (
    route: RouteEntry,
    host: HandlerHost,
    kept: EdgeCache | undefined,
  ): RouteHandler | undefined => {
    const coder = route.compression && new RouteCoder(route.compression, tools);
    const last =
      kept && route.cache
        ? new CacheHandler({ policy: route.cache, cache: kept, host, coder })
        : coder && new CodingHandler(coder, host);
    return route.redirects?.length ? new RedirectHandler(route.redirects, last, host) : last;
  };
  const guarded: HandlerMaker = (route, host) => {
    if (route.tunnelId === accessTunnelId) return signInPaths;
    const open = stepsOf(route, host, cache);
    if (route.access === undefined || isPublic(route.access)) return open;
    if (!desk) return undefined;
    const closed = stepsOf(route, host, undefined);
    return new AccessHandler({ policy: compilePolicy(route.access), desk, host, open, closed });
  };
  return (route, host) => {
    const handler = guarded(route, host);
    // A route whose guard cannot be made is shut by the proxy.
    const isShut = handler === undefined && !isPublic(route.access);
    return route.hsts === undefined || isShut ? handler : new HstsHandler(route.hsts, handler, host);
  };
}
