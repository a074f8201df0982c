// The shaping steps of a route in the order in which a request meets them, made once when a snapshot is applied.
//
//   answer's headers -> error pages -> guard -> rates -> limits -> bandwidth -> canonical host -> maintenance -> CORS
//   -> access -> redirects -> bare prefix -> request's headers -> cache or coder -> prefix -> origin
import type { Shaping } from '#model/shaping/shaping.ts';
import type { HandlerHost, RouteHandler } from '../routes/route-handler.ts';
import type { Bans } from './bans.ts';
import { canonicalHostStep } from './canonical-host-step.ts';
import { guardStep } from './guard-step.ts';
import { corsStep, requestHeadersStep, responseHeadersStep } from './header-steps.ts';
import { bandwidthStep, type LimitTools, rateLimitStep, requestLimitsStep } from './limit-steps.ts';
import { errorPagesStep, maintenanceStep, type PageReader } from './page-steps.ts';
import { prefixRewriteOf, slashStep, withPrefix } from './prefix-step.ts';

export interface ShapingTools extends LimitTools {
  readonly bans: Bans;
  readonly readPages: PageReader;
}

/** A step before others. */
type Step = (next: RouteHandler) => RouteHandler;

/** Puts the steps that come before access before `next`; undefined: nothing comes before, and `next` is nothing. */
export function stepsBeforeAccess(
  shaping: Shaping,
  next: RouteHandler | undefined,
  host: HandlerHost,
  tools: ShapingTools,
): RouteHandler | undefined {
  const {
    headers,
    errorPages,
    guard,
    rateLimits = [],
    limits,
    bandwidth,
    canonicalHost,
    maintenance,
    cors,
  } = shaping;
  const hasAnswerHeaders = headers?.response !== undefined || headers?.security !== undefined;
  const steps: (Step | undefined)[] = [
    hasAnswerHeaders ? (rest) => responseHeadersStep(headers, rest) : undefined,
    errorPages && ((rest) => errorPagesStep(errorPages, rest, tools.readPages)),
    guard && ((rest) => guardStep(guard, rest, tools)),
    ...rateLimits.map(
      (rule): Step =>
        (rest) =>
          rateLimitStep(rule, rest, tools),
    ),
    limits && ((rest) => requestLimitsStep(limits, rest)),
    bandwidth && ((rest) => bandwidthStep(bandwidth, rest, tools)),
    canonicalHost && ((rest) => canonicalHostStep(canonicalHost, rest)),
    maintenance && ((rest) => maintenanceStep(maintenance, rest)),
    cors && ((rest) => corsStep(cors, rest)),
  ];
  return chained(steps, next, host);
}

/** Puts the steps before `next` that come after access and before the cache. */
export function stepsBeforeCache(
  { prefix, headers }: Shaping,
  next: RouteHandler | undefined,
  host: HandlerHost,
): RouteHandler | undefined {
  const request = headers?.request;
  const steps: (Step | undefined)[] = [
    prefix?.strip === undefined ? undefined : (rest) => slashStep(prefixRewriteOf(prefix), rest),
    request && ((rest) => requestHeadersStep(request, rest)),
  ];
  return chained(steps, next, host);
}

/** The steps that are there, the first first; nothing at all where none is. */
function chained(
  steps: readonly (Step | undefined)[],
  next: RouteHandler | undefined,
  host: HandlerHost,
): RouteHandler | undefined {
  return steps.reduceRight<RouteHandler | undefined>(
    (rest, step) => (step ? step(rest ?? forwarder(host)) : rest),
    next,
  );
}

/** The host that a route's cache and coder forward by: what it does to a request is for the origin only. */
export function originHost({ prefix }: Shaping, host: HandlerHost): HandlerHost {
  return prefix ? withPrefix(host, prefixRewriteOf(prefix)) : host;
}

/** Where there is nothing else to do. */
export function forwarder(host: HandlerHost): RouteHandler {
  return { name: 'forward', start: (exchange) => host.forward(exchange) };
}
