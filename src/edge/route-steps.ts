// Puts together what a route does beside forwarding, from its entry in the snapshot: a cache, a coder, both or nothing.
import type { Clock } from '#base/clock.ts';
import type { EdgeCache } from './cache/edge-cache.ts';
import { CacheHandler } from './caching/cache-handler.ts';
import { CodingHandler } from './coding/coding-handler.ts';
import { EncoderPool } from './coding/encoder.ts';
import { RouteCoder } from './coding/route-coder.ts';
import { RedirectHandler } from './redirecting.ts';
import type { HandlerMaker } from './route-handler.ts';

/** What the steps of all routes share. */
export interface StepParts {
  readonly clock: Clock;
  /** Undefined: this edge has no cache. */
  readonly cache: EdgeCache | undefined;
}

/** Makes handlers of routes; a route whose requests go straight to the origin has none. */
export function routeHandlers({ clock, cache }: StepParts): HandlerMaker {
  const tools = { pool: new EncoderPool(), wallMs: () => clock.wallMs() };
  return (route, host) => {
    const coder = route.compression && new RouteCoder(route.compression, tools);
    const last =
      cache && route.cache
        ? new CacheHandler({ policy: route.cache, cache, host, coder })
        : coder && new CodingHandler(coder, host);
    return route.redirects?.length ? new RedirectHandler(route.redirects, last, host) : last;
  };
}
