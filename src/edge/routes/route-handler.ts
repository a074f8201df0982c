// The seam for what a route does with a request between routing and the origin: one list of steps, made when a snapshot
// is applied. A route without any has no handler, and its requests pay nothing.
import type { Downstream, RequestHead } from '#http/exchange.ts';
import type { MemberLive } from '#model/routes/balance-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { CompiledPolicy } from '#http/access/compiled-policy.ts';
import type { Exchange } from '../exchange.ts';

/** What a route does before, instead of and after asking its origin. */
export interface RouteHandler {
  /** Answers the exchange, or has the host forward it, now or later. */
  start(exchange: Exchange): void;
  /** Who may pass; undefined where everybody may. */
  readonly policy?: CompiledPolicy | undefined;
  /** What the step is called, and the step that it goes on to; absent: it forwards. To be looked at, not to decide by. */
  readonly name: string;
  readonly next?: RouteHandler | undefined;
}

/** The steps of a route in the order in which a request meets them; none where it goes straight to its origin. */
export function stepNamesOf(handler: RouteHandler | undefined): string[] {
  return handler === undefined ? [] : [handler.name, ...stepNamesOf(handler.next)];
}

/** What handlers ask of the proxy. */
export interface HandlerHost {
  /** Monotonic time in milliseconds. */
  now(): number;
  /** Sends the exchange's request to the route's origin. */
  forward(exchange: Exchange): void;
  /** An exchange of the edge's own, for the same route and on behalf of the same client as `like`. */
  /** Services behind a balanced route as they are now. */
  membersOf?(route: RouteEntry): MemberLive[];
  background(request: RequestHead, like: Exchange, front: Downstream): Exchange;
}

/** Makes the handler of a route; undefined when it has nothing to do. */
export type HandlerMaker = (route: RouteEntry, host: HandlerHost) => RouteHandler | undefined;
