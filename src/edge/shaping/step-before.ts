// A step of a route before its other steps: it answers, or changes what they will see, and goes on. What the rest decides
// about access can be asked through it.
import type { Exchange } from '../exchange.ts';
import type { RouteHandler } from '../routes/route-handler.ts';

/** `start` answers the exchange, or starts `next`, now or later. */
export function stepBefore(
  name: string,
  next: RouteHandler,
  start: (exchange: Exchange) => void,
): RouteHandler {
  return {
    name,
    next,
    start,
    get policy() {
      return next.policy;
    },
  };
}
