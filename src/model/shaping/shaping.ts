// The steps of a route that shape its requests and responses, as keys of the route: one list, read by edge.yml, the lab
// file, the API, the command line and the dashboard. A step that is absent does nothing and costs nothing.
import type { z } from 'zod';
import { type CanonicalHost, canonicalHostSchema } from './canonical-host.ts';
import { type PathPrefixSettings, pathPrefixStepSchema } from './path-prefix.ts';
import { type HeaderRules, headerRulesSchema } from './header-rules.ts';
import { type CorsSettings, corsSchema } from './cors-rule.ts';
import { type TraceSettings, traceSchema } from './trace.ts';
import { type GuardSettings, guardSchema } from './guard.ts';
import { type MaintenanceSettings, maintenanceSchema } from './maintenance.ts';
import { type ErrorPageSettings, errorPagesSchema } from './error-pages.ts';
import { type RequestLimits, requestLimitsSchema } from './request-limits.ts';
import { type RateLimitSettings, rateLimitsSchema } from './rate-limit.ts';
import { type BandwidthSettings, bandwidthSchema } from './bandwidth.ts';

/** Every shaping step by its key. */
export const shapingSchemas = {
  canonicalHost: canonicalHostSchema,
  prefix: pathPrefixStepSchema,
  headers: headerRulesSchema,
  cors: corsSchema,
  maintenance: maintenanceSchema,
  errorPages: errorPagesSchema,
  limits: requestLimitsSchema,
  rateLimits: rateLimitsSchema,
  bandwidth: bandwidthSchema,
  guard: guardSchema,
  trace: traceSchema,
} as const satisfies Record<string, z.ZodType>;

export type ShapingName = keyof typeof shapingSchemas;

export const shapingNames = Object.keys(shapingSchemas) as readonly ShapingName[];

/** The settings of one route. */
export interface Shaping {
  readonly canonicalHost?: CanonicalHost | undefined;
  readonly prefix?: PathPrefixSettings | undefined;
  readonly bandwidth?: BandwidthSettings | undefined;
  readonly guard?: GuardSettings | undefined;
  readonly rateLimits?: RateLimitSettings | undefined;
  readonly limits?: RequestLimits | undefined;
  readonly errorPages?: ErrorPageSettings | undefined;
  readonly maintenance?: MaintenanceSettings | undefined;
  readonly cors?: CorsSettings | undefined;
  readonly headers?: HeaderRules | undefined;
  readonly trace?: TraceSettings | undefined;
}

/** What of a route is shaping; undefined when nothing is. */
export function shapingOf(route: Shaping): Shaping | undefined {
  const steps = shapingNames.flatMap((name) => {
    const settings = route[name];
    return settings === undefined || isEmpty(settings) ? [] : [[name, settings] as const];
  });
  return steps.length === 0 ? undefined : Object.fromEntries(steps);
}

function isEmpty(settings: object | string): boolean {
  return typeof settings === 'object' && Object.keys(settings).length === 0;
}
