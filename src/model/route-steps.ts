// What the edge does with a route's requests and responses on the way, as its owner writes it: one schema for edge.yml, the
// API, the lab file and the dashboard. What is absent is as it is for a route without a word about it.
import { z } from 'zod';
import { cachePolicySchema } from './cache-policy.ts';
import { compressionPolicySchema } from './compression-policy.ts';
import { hstsPolicySchema, type RouteHsts, routeHstsSchema } from './hsts-policy.ts';
import { type RedirectSettings, redirectsSchema } from './redirect-rule.ts';

export const routeCacheSchema = z.union([z.literal('off'), cachePolicySchema]).meta({
  description:
    'How responses are cached; `off` for not at all. Without a word here their own headers have the say.',
});

export const routeCompressionSchema = z
  .union([z.literal('off'), compressionPolicySchema])
  .meta({ description: 'How responses are compressed; `off` for not at all.' });

/** The steps as keys of a route. */
export const routeStepsShape = {
  cache: routeCacheSchema.optional(),
  compression: routeCompressionSchema.optional(),
  redirects: redirectsSchema.optional(),
  hsts: routeHstsSchema.optional(),
};

export type RouteCache = z.infer<typeof routeCacheSchema>;
export type RouteCompression = z.infer<typeof routeCompressionSchema>;

/** What a route says of its steps; all defaults are filled in where it says something. */
export interface RouteSteps {
  readonly cache?: RouteCache | undefined;
  readonly compression?: RouteCompression | undefined;
  readonly redirects?: RedirectSettings | undefined;
  readonly hsts?: RouteHsts | undefined;
}

/** Only what is unlike a route without a word, so that two that do the same are the same. */
export function normalSteps({ cache, compression, redirects, hsts }: RouteSteps): RouteSteps {
  return {
    ...(isDefault(cachePolicySchema, cache) ? {} : { cache }),
    ...(isDefault(compressionPolicySchema, compression) ? {} : { compression }),
    ...(redirects === undefined || redirects.length === 0 ? {} : { redirects }),
    // Without a word the edge's own is meant, which even the default settings differ from.
    ...(hsts === undefined ? {} : { hsts }),
  };
}

/** The steps as people would have written them: without what is the default anyway. */
export function shortSteps({ cache, compression, redirects = [], hsts }: RouteSteps): {
  readonly cache?: object | 'off';
  readonly compression?: object | 'off';
  readonly redirects?: readonly object[];
  readonly hsts?: object | 'off';
} {
  const short = {
    cache: withoutDefaults(cachePolicySchema, cache),
    compression: withoutDefaults(compressionPolicySchema, compression),
    // A rule has one default, its status.
    redirects:
      redirects.length === 0
        ? undefined
        : redirects.map(({ status, ...rule }) => (status === 308 ? rule : { ...rule, status })),
    hsts: hsts && (withoutDefaults(hstsPolicySchema, hsts) ?? {}),
  };
  return Object.fromEntries(Object.entries(short).filter(([, value]) => value !== undefined));
}

function isDefault(schema: z.ZodType, value: object | 'off' | undefined): boolean {
  return withoutDefaults(schema, value) === undefined;
}

function withoutDefaults(schema: z.ZodType, value: object | 'off' | undefined): object | 'off' | undefined {
  if (value === undefined || value === 'off') return value;
  const defaults = schema.parse({}) as Readonly<Record<string, unknown>>;
  const differing = Object.entries(value).filter(
    ([key, each]) => each !== undefined && JSON.stringify(each) !== JSON.stringify(defaults[key]),
  );
  return differing.length === 0 ? undefined : Object.fromEntries(differing);
}
