// Puts together what a route does beside forwarding, from its entry in the snapshot: a cache, a coder, both or nothing.
import { CacheHandler } from './caching/cache-handler.ts';
import type { EdgeCache } from './cache/edge-cache.ts';
import { respondPlainly } from './caching/responder.ts';
import type { HandlerMaker } from './route-handler.ts';

/** What the steps of all routes share. */
export interface StepParts {
  /** Undefined: this edge has no cache. */
  readonly cache: EdgeCache | undefined;
}

/** Makes handlers of routes; a route whose requests go straight to the origin has none. */
export function routeHandlers({ cache }: StepParts): HandlerMaker {
  return (route, host) => {
    if (!cache || !route.cache) return undefined;
    return new CacheHandler({ policy: route.cache, cache, host, respond: respondPlainly });
  };
}
