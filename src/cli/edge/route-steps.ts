// Flags with which commands say what the edge does on a route's way: `off`, `default`, or settings in YAML or JSON as they
// stand in edge.yml.
import { parse, stringify } from 'yaml';
import type { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import { type RouteHsts, routeHstsSchema } from '#model/hsts-policy.ts';
import { type RedirectSettings, redirectsSchema } from '#model/redirect-rule.ts';
import {
  type RouteCache,
  routeCacheSchema,
  type RouteCompression,
  routeCompressionSchema,
} from '#model/route-steps.ts';
import { type Flag, type Input, textOf } from '../command.ts';

export const stepFlags: readonly Flag[] = [
  {
    name: 'cache',
    type: 'string',
    value: 'HOW',
    help: 'off, default, or settings such as {setCookie: strip}',
  },
  { name: 'compression', type: 'string', value: 'HOW', help: 'off, default, or settings as in edge.yml' },
  {
    name: 'redirects',
    type: 'string',
    value: 'RULES',
    help: 'none, or rules such as [{outside: /blog, to: "/blog{rest}"}]',
  },
  {
    name: 'hsts',
    type: 'string',
    value: 'HOW',
    help: "off, default (the edge's), or settings such as {maxAge: 8760h}",
  },
];

/** The steps of a new route. @throws SallyportError 'usage' */
export function newSteps(input: Input): {
  cache?: RouteCache;
  compression?: RouteCompression;
  redirects?: RedirectSettings;
  hsts?: RouteHsts;
} {
  const { cache, compression, redirects, hsts } = changedSteps(input);
  return {
    ...(cache ? { cache } : {}),
    ...(compression ? { compression } : {}),
    ...(redirects ? { redirects } : {}),
    ...(hsts ? { hsts } : {}),
  };
}

/** The steps that change; null goes back to the default. @throws SallyportError 'usage' */
export function changedSteps(input: Input): {
  cache?: RouteCache | null;
  compression?: RouteCompression | null;
  redirects?: RedirectSettings | null;
  hsts?: RouteHsts | null;
} {
  const cache = stepOf(input, 'cache', routeCacheSchema);
  const compression = stepOf(input, 'compression', routeCompressionSchema);
  const redirects = stepOf(input, 'redirects', redirectsSchema);
  const hsts = stepOf(input, 'hsts', routeHstsSchema);
  return {
    ...(cache === undefined ? {} : { cache }),
    ...(compression === undefined ? {} : { compression }),
    ...(redirects === undefined ? {} : { redirects }),
    ...(hsts === undefined ? {} : { hsts }),
  };
}

function stepOf<T>(input: Input, name: string, schema: z.ZodType<T>): T | null | undefined {
  const text = textOf(input, name).trim();
  if (text === '') return undefined;
  if (text === 'default' || text === 'none') return null;
  let value: unknown;
  try {
    value = parse(text);
  } catch (error) {
    throw new SallyportError('usage', `--${name} cannot be read: ${errorText(error).split('\n')[0]}`);
  }
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  // Of the two forms, what is wrong with the settings says more than that they are not "off".
  const [issue] = result.error.issues;
  const deeper = issue?.code === 'invalid_union' ? (issue.errors.at(-1)?.[0] ?? issue) : issue;
  const where = deeper && deeper.path.length > 0 ? `${deeper.path.join('.')}: ` : '';
  throw new SallyportError('usage', `--${name}: ${where}${deeper?.message ?? 'cannot be used'}.`);
}

/** A step in one line. */
export function stepText(step: object | 'off' | undefined): string {
  if (step === undefined) return 'default';
  return step === 'off' ? 'off' : stringify(step, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}
