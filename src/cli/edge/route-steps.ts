// Flags with which commands say what the edge does on a route's way: `off`, `none`, `default`, or settings in YAML or JSON
// as they stand in edge.yml. One row for each step of model/routes/route-steps.ts.
import { parse, stringify } from 'yaml';
import type { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import {
  type ChangedSteps,
  type RouteStepName,
  routeStepNames,
  type RouteSteps,
  routeStepSchemas,
  shortSteps,
} from '#model/routes/route-steps.ts';
import { faultText, plainIssues } from '#model/schema-faults.ts';
import { type Flag, type Input, textOf } from '../command.ts';

/** What the flag of each step takes, with an example. */
const flagTexts: Readonly<Record<RouteStepName, readonly [value: string, help: string]>> = {
  cache: ['HOW', 'off, default, or settings such as {setCookie: strip}'],
  compression: ['HOW', 'off, default, or settings as in edge.yml'],
  redirects: ['RULES', 'none, or rules such as [{outside: /blog, to: "/blog{rest}"}]'],
  hsts: ['HOW', "off, default (the edge's), or settings such as {maxAge: 8760h}"],
  balance: ['SETTINGS', 'none, or {members: [{tunnel: home}, {tunnel: cabin}], check: {}}'],
  canonicalHost: ['NAME', 'none, apex or www: which of the two names visitors end up at'],
  headers: ['FIELDS', 'none, or {response: {set: {X-A: b}, remove: [Server]}, security: basic}'],
  cors: ['WHO', "none, or {origins: ['https://app.example.com']}"],
  maintenance: ['HOW', 'none, or {message: Back at noon., allow: [192.168.0.0/16]}'],
  errorPages: ['PAGES', 'none, or {folder: blog} or {pages: {5xx: "<h1>Sorry</h1>"}}'],
  limits: ['SIZES', 'none, or {body: 10MiB}'],
  rateLimits: ['RULES', 'none, or [{requests: 10, window: 1m, paths: [/login]}]'],
  bandwidth: ['RATES', 'none, or {down: 2MiB, up: 1MiB, per: client}'],
  guard: ['HOW', 'none, or {ban: {after: 5, for: 1h}}: refuse scanners, ban those that go on'],
  trace: ['HOW', 'none, or {ratio: 0.1}: take part in distributed tracing'],
  prefix: ['PATHS', 'none, or {strip: /blog} or {add: /app}'],
};

export const stepFlags: readonly Flag[] = routeStepNames.map((name) => ({
  name: flagOf(name),
  type: 'string',
  value: flagTexts[name][0],
  help: flagTexts[name][1],
}));

/** `canonicalHost` is the flag `canonical-host`. */
function flagOf(name: RouteStepName): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** The steps of a new route. @throws SallyportError 'usage' */
export function newSteps(input: Input): RouteSteps {
  return Object.fromEntries(Object.entries(changedSteps(input)).filter(([, settings]) => settings !== null));
}

/** The steps that change; null goes back to the default. @throws SallyportError 'usage' */
export function changedSteps(input: Input): ChangedSteps {
  return Object.fromEntries(
    routeStepNames.flatMap((name) => {
      const settings = stepOf(input, flagOf(name), routeStepSchemas[name] as z.ZodType);
      return settings === undefined ? [] : [[name, settings]];
    }),
  );
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
  const [issue] = plainIssues(result.error.issues);
  const where = issue!.path.length > 0 ? `${issue!.path.join('.')}: ` : '';
  throw new SallyportError('usage', `--${name}: ${where}${faultText(issue!)}.`);
}

/** Steps that a route without a word has as well; of the others only those that are there are told. */
const everyRoutes: Readonly<Partial<Record<RouteStepName, string>>> = {
  cache: 'default',
  compression: 'default',
  redirects: 'none',
  hsts: "the edge's",
};

/** `[title, text]` for each step that is worth a line. */
export function stepLines(route: RouteSteps): (readonly [string, string])[] {
  const short = shortSteps(route);
  return routeStepNames
    .filter((name) => short[name] !== undefined || everyRoutes[name] !== undefined)
    .map((name) => [
      `${flagOf(name).toUpperCase()}:`,
      short[name] === undefined ? everyRoutes[name]! : stepText(short[name]),
    ]);
}

/** A step in one line. */
export function stepText(step: object | string | undefined): string {
  if (step === undefined) return 'default';
  return typeof step === 'string' ? step : stringify(step, { collectionStyle: 'flow', lineWidth: 0 }).trim();
}
