// Redirects that the edge answers itself, before anything else of a route: an exact path, all below one, a pattern, or
// everything outside a base. The first rule that takes a path decides. Rules that would lead in a circle are refused when
// they are written, and a rule never sends a visitor to where he is.
import { RE2JS } from 're2js';
import { z } from 'zod';

/** Patterns are compiled; longer ones are somebody's program. */
const maxPattern = 500;
const maxRules = 200;

const pathText = () =>
  z
    .string()
    .max(2000)
    .regex(/^\/[\x21-\x7e]*$/, { error: 'must be a path that starts with "/"' });

/** Where visitors may be sent: a path here, or a web address whose host no visitor can change. */
const target = /^(\/(?!\/)[\x21-\x7e]*|https?:\/\/[^/{}$?#\s]+(\/[\x21-\x7e]*|\{rest\}[\x21-\x7e]*)?)$/;

const ruleSchema = z
  .strictObject({
    path: pathText().optional().meta({ description: 'Exactly this path.' }),
    prefix: pathText().optional().meta({ description: 'This path and all below it, by whole segments.' }),
    pattern: z
      .string()
      .max(maxPattern)
      .refine(isPattern, { error: 'is no RE2 pattern' })
      .optional()
      .meta({ description: 'An RE2 pattern for the whole path; its groups are `$1` to `$9` in `to`.' }),
    outside: pathText().optional().meta({ description: 'Everything but this path and what is below it.' }),
    to: z
      .string()
      .max(2000)
      .regex(target, { error: 'must be a path, or a web address such as https://example.com/' })
      .meta({
        description:
          'A path or web address. `{rest}` is what follows the prefix, or the whole path for `outside`; the query goes along unless there is one here.',
      }),
    status: z
      .union([z.literal(301), z.literal(302), z.literal(303), z.literal(307), z.literal(308)])
      .default(308)
      .meta({ description: '301 and 308 are for good, 302, 303 and 307 for now.' }),
  })
  .refine((rule) => kindsOf(rule) === 1, {
    error: 'names exactly one of path, prefix, pattern and outside',
  });

export const redirectsSchema = z
  .array(ruleSchema)
  .max(maxRules)
  .superRefine((rules, context) => {
    // What is wrong in itself has been said already.
    if (!rules.every(isWellFormed)) return;
    const circle = circularRule(redirectsOf(rules));
    if (circle === undefined) return;
    context.addIssue({
      code: 'custom',
      path: [circle],
      message: 'leads in a circle with the other redirects',
    });
  })
  .meta({ description: 'Redirects that the edge answers itself; the first that takes a path decides.' });

/** As parsed. */
export type RedirectSettings = z.output<typeof redirectsSchema>;

/** A rule ready for use. */
export interface RedirectRule {
  readonly kind: 'path' | 'prefix' | 'pattern' | 'outside';
  /** The path, without a slash at its end; '' for the root. */
  readonly base: string;
  readonly pattern: RE2JS | undefined;
  readonly to: string;
  readonly status: number;
}

/** Rules for parsed settings. */
export function redirectsOf(settings: RedirectSettings): RedirectRule[] {
  return settings.map(({ path, prefix, pattern, outside, to, status }) => {
    const common = { to, status, pattern: undefined };
    if (path !== undefined) return { ...common, kind: 'path', base: path };
    if (prefix !== undefined) return { ...common, kind: 'prefix', base: withoutSlash(prefix) };
    if (outside !== undefined) return { ...common, kind: 'outside', base: withoutSlash(outside) };
    return { ...common, kind: 'pattern', base: '', pattern: RE2JS.compile(pattern!) };
  });
}

/** Where a canonical path (and '' or a query from '?' on) is sent, if anywhere. */
export function findRedirect(
  rules: readonly RedirectRule[],
  path: string,
  query: string,
): { readonly location: string; readonly status: number } | undefined {
  for (const rule of rules) {
    const to = targetOf(rule, path);
    if (to === undefined || to === path) continue;
    return { location: to.includes('?') ? to : `${to}${query}`, status: rule.status };
  }
  return undefined;
}

function targetOf({ kind, base, pattern, to }: RedirectRule, path: string): string | undefined {
  switch (kind) {
    case 'path':
      return path === base ? to : undefined;
    case 'prefix':
      return isBelow(path, base) ? filled(to, path.slice(base.length)) : undefined;
    case 'outside':
      return isBelow(path, base) ? undefined : filled(to, path);
    case 'pattern': {
      const matcher = pattern!.matcher(path);
      if (!matcher.matches()) return undefined;
      const groups = matcher.groupCount();
      return onlyOneSlash(
        to.replace(/\$([1-9])/g, (_, digit: string) =>
          Number(digit) <= groups ? (matcher.group(Number(digit)) ?? '') : '',
        ),
      );
    }
  }
}

function isBelow(path: string, base: string): boolean {
  return path === base || base === '' || path.startsWith(`${base}/`);
}

function filled(to: string, rest: string): string {
  return onlyOneSlash(to.replace('{rest}', rest));
}

/** `//host` would be another site. */
function onlyOneSlash(to: string): string {
  return to.startsWith('/') ? to.replace(/^\/{2,}/, '/') : to;
}

function withoutSlash(path: string): string {
  return path.replace(/\/+$/, '');
}

type RuleKinds = Readonly<Partial<Record<'path' | 'prefix' | 'pattern' | 'outside', string | undefined>>>;

function kindsOf({ path, prefix, pattern, outside }: RuleKinds): number {
  return [path, prefix, pattern, outside].filter((each) => each !== undefined).length;
}

function isWellFormed(rule: RuleKinds): boolean {
  return kindsOf(rule) === 1 && (rule.pattern === undefined || isPattern(rule.pattern));
}

function isPattern(text: string): boolean {
  try {
    RE2JS.compile(text);
    return true;
  } catch {
    return false;
  }
}

/** Index of a rule from whose target the rules never come to an end. */
function circularRule(rules: readonly RedirectRule[]): number | undefined {
  const found = rules.findIndex(({ to }) => {
    let path = filled(to.replace(/\$[1-9]/g, 'x'), '/x').replace(/\?.*/, '');
    for (let hop = 0; hop <= rules.length; hop++) {
      if (!path.startsWith('/')) return false;
      const next = findRedirect(rules, path, '');
      if (!next) return false;
      path = next.location.replace(/\?.*/, '');
    }
    return true;
  });
  return found < 0 ? undefined : found;
}
