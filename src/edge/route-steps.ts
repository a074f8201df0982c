// Puts together what a route does beside forwarding, from its entry in the snapshot: a cache, a coder, both or nothing.
import type { RouteEntry } from '#model/edge-snapshot.ts';
import { CacheHandler } from './cache/cache-handler.ts';
import type { EdgeCache } from './cache/edge-cache.ts';
import { respondPlainly } from './cache/responder.ts';
import type { HandlerHost, RouteHandler } from './route-handler.ts';

/** What the steps of all routes share. */
export interface StepParts {
  /** Undefined: this edge has no cache. */
  readonly cache: EdgeCache | undefined;
}

/** The handler of a route; undefined when its requests go straight to the origin. */
export function makeRouteHandler(
  route: RouteEntry,
  host: HandlerHost,
  { cache }: StepParts,
): RouteHandler | undefined {
  if (!cache || !route.cache) return undefined;
  return new CacheHandler({ policy: route.cache, cache, host, respond: respondPlainly });
}
