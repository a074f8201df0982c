// What the edge does with a route's requests and responses on the way, as its owner writes it: one schema for edge.yml, the
// API, the lab file and the dashboard. What is absent is as it is for a route without a word about it.
import { z } from 'zod';
import { type BalanceSettings, balanceSchema, shortBalance } from './balance-policy.ts';
import { cachePolicySchema } from './cache-policy.ts';
import { compressionPolicySchema } from './compression-policy.ts';
import { hstsPolicySchema, type RouteHsts, routeHstsSchema } from './hsts-policy.ts';
import { type RedirectSettings, redirectsSchema } from './redirect-rule.ts';
import { type Shaping, shapingOf, shapingSchemas } from '../shaping/shaping.ts';

export const routeCacheSchema = z.union([z.literal('off'), cachePolicySchema]).meta({
  description:
    'How responses are cached; `off` for not at all. Without a word here their own headers have the say.',
});

export const routeCompressionSchema = z
  .union([z.literal('off'), compressionPolicySchema])
  .meta({ description: 'How responses are compressed; `off` for not at all.' });

/** Each step's settings by its key. */
export const routeStepSchemas = {
  cache: routeCacheSchema,
  compression: routeCompressionSchema,
  redirects: redirectsSchema,
  hsts: routeHstsSchema,
  balance: balanceSchema,
  ...shapingSchemas,
} as const;

export type RouteStepName = keyof typeof routeStepSchemas;

export const routeStepNames = Object.keys(routeStepSchemas) as readonly RouteStepName[];

type Steps = typeof routeStepSchemas;

/** The steps as keys of a route. */
export const routeStepsShape = mapSteps((schema) => schema.optional()) as {
  [Name in RouteStepName]: z.ZodOptional<Steps[Name]>;
};

/** The steps as keys of a change: null is as a route without a word about it. */
export const changedStepsShape = mapSteps((schema) => schema.nullable().optional()) as {
  [Name in RouteStepName]: z.ZodOptional<z.ZodNullable<Steps[Name]>>;
};

function mapSteps(change: (schema: z.ZodType) => z.ZodType): Record<string, z.ZodType> {
  return Object.fromEntries(routeStepNames.map((name) => [name, change(routeStepSchemas[name])]));
}

export type RouteCache = z.infer<typeof routeCacheSchema>;
export type RouteCompression = z.infer<typeof routeCompressionSchema>;

/** What a route says of its steps; all defaults are filled in where it says something. */
export interface RouteSteps extends Shaping {
  readonly cache?: RouteCache | undefined;
  readonly compression?: RouteCompression | undefined;
  readonly redirects?: RedirectSettings | undefined;
  readonly hsts?: RouteHsts | undefined;
  readonly balance?: BalanceSettings | undefined;
}

/** Steps that change; null is as a route without a word about it. */
export type ChangedSteps = { readonly [Name in RouteStepName]?: RouteSteps[Name] | null };

/** Only the steps among a route's keys. */
export function stepsOf(route: RouteSteps): RouteSteps {
  return Object.fromEntries(
    routeStepNames.flatMap((name) => (route[name] === undefined ? [] : [[name, route[name]]])),
  );
}

/** A route without its steps. */
export function withoutSteps<T extends RouteSteps>(route: T): Omit<T, RouteStepName> {
  const bare: Partial<T> = { ...route };
  for (const name of routeStepNames) delete bare[name];
  return bare as Omit<T, RouteStepName>;
}

/** Only what is unlike a route without a word, so that two that do the same are the same. */
export function normalSteps({
  cache,
  compression,
  redirects,
  hsts,
  balance,
  ...others
}: RouteSteps): RouteSteps {
  return {
    ...(isDefault(cachePolicySchema, cache) ? {} : { cache }),
    ...(isDefault(compressionPolicySchema, compression) ? {} : { compression }),
    ...(redirects === undefined || redirects.length === 0 ? {} : { redirects }),
    // Without a word the edge's own is meant, which even the default settings differ from.
    ...(hsts === undefined ? {} : { hsts }),
    // Even the default settings have a budget, and outcomes are counted.
    ...(balance === undefined ? {} : { balance }),
    ...shapingOf(others),
  };
}

/** The steps of a route after a change. */
export function withChanges(steps: RouteSteps, change: ChangedSteps): RouteSteps {
  const changed = routeStepNames.flatMap((name) =>
    change[name] === undefined ? [] : [[name, change[name] ?? undefined]],
  );
  return normalSteps({ ...stepsOf(steps), ...Object.fromEntries(changed) });
}

/** Every step by name, null for those that a route says nothing of: what two routes are compared by. */
export function comparedSteps(steps: RouteSteps): Required<ChangedSteps> {
  const normal = normalSteps(steps);
  return Object.fromEntries(
    routeStepNames.map((name) => [name, normal[name] ?? null]),
  ) as Required<ChangedSteps>;
}

/** Steps as people would have written them. */
export type ShortSteps = { readonly [Name in RouteStepName]?: object | string };

/** The steps as people would have written them: without what is the default anyway. */
export function shortSteps(steps: RouteSteps): ShortSteps {
  const { cache, compression, redirects = [], hsts, balance, ...others } = steps;
  const short = {
    cache: withoutDefaults(cachePolicySchema, cache),
    compression: withoutDefaults(compressionPolicySchema, compression),
    // A rule has one default, its status.
    redirects:
      redirects.length === 0
        ? undefined
        : redirects.map(({ status, ...rule }) => (status === 308 ? rule : { ...rule, status })),
    balance: balance && shortBalance(balance),
    hsts: hsts && (withoutDefaults(hstsPolicySchema, hsts) ?? {}),
    ...shapingOf(others),
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
