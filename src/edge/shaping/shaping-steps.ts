// The shaping steps of a route in the order in which a request meets them, made once when a snapshot is applied.
//
//   canonical host -> access -> redirects -> bare prefix -> cache or coder -> prefix -> origin
import type { Shaping } from '#model/shaping/shaping.ts';
import type { HandlerHost, RouteHandler } from '../route-handler.ts';
import { canonicalHostStep } from './canonical-host-step.ts';
import { prefixRewriteOf, slashStep, withPrefix } from './prefix-step.ts';

/** Puts the steps that come before access before `next`; undefined: nothing comes before, and `next` is nothing. */
export function stepsBeforeAccess(
  { canonicalHost }: Shaping,
  next: RouteHandler | undefined,
  host: HandlerHost,
): RouteHandler | undefined {
  let first = next;
  if (canonicalHost !== undefined) first = canonicalHostStep(canonicalHost, first ?? forwarder(host));
  return first;
}

/** Puts the steps before `next` that come after access and before the cache. */
export function stepsBeforeCache(
  { prefix }: Shaping,
  next: RouteHandler | undefined,
  host: HandlerHost,
): RouteHandler | undefined {
  let first = next;
  if (prefix?.strip !== undefined) first = slashStep(prefixRewriteOf(prefix), first ?? forwarder(host));
  return first;
}

/** The host that a route's cache and coder forward by: what it does to a request is for the origin only. */
export function originHost({ prefix }: Shaping, host: HandlerHost): HandlerHost {
  return prefix ? withPrefix(host, prefixRewriteOf(prefix)) : host;
}

/** Where there is nothing else to do. */
export function forwarder(host: HandlerHost): RouteHandler {
  return { start: (exchange) => host.forward(exchange) };
}
