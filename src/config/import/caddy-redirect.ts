// `redir` of a Caddyfile as a redirect of a route: which paths, where to, by which status. What a route cannot say is left out.
import { type CaddyMatcher, takeMatcher } from './caddy-matchers.ts';
import type { DraftRoute } from './lab-draft.ts';

/** One redirect of a route. */
export type Redirect = NonNullable<DraftRoute['redirects']>[number];

/** `[matcher] to [code]`, in a block for `base` and what is below it, or for exactly that; undefined when no redirect is like it. */
export function redirectOf(
  args: readonly string[],
  named: ReadonlyMap<string, CaddyMatcher>,
  base: string,
  isExact: boolean,
): Redirect | undefined {
  // A single path is where to, not which.
  const isBare = args.length === 1 || (args.length === 2 && statusOf(args[1]!) !== undefined);
  const { matcher, rest } = isBare ? { matcher: all, rest: args } : takeMatcher(args, named);
  const [to = '', code = 'temporary'] = rest;
  const status = statusOf(code);
  const where = whereOf(matcher, base, isExact);
  const target = where && targetOf(to, where);
  const isKnown =
    target !== undefined && /^(\/(?!\/)|https?:\/\/[^{}]+)/.test(target) && !/\{(?!rest\})/.test(target);
  return status === undefined || where === undefined || !isKnown
    ? undefined
    : { ...where, to: target, status };
}

const all: CaddyMatcher = { kind: 'all' };

function whereOf(
  matcher: CaddyMatcher,
  base: string,
  isExact: boolean,
): Pick<Redirect, 'path' | 'prefix' | 'outside'> | undefined {
  switch (matcher.kind) {
    case 'all':
      return isExact ? { path: base } : { prefix: base };
    case 'path':
      return { path: matcher.path };
    case 'below':
      return { prefix: matcher.path };
    case 'outside':
      return { outside: matcher.path };
    default:
      return undefined;
  }
}

/** Where to, in our words: `{uri}` is the whole path, which `{rest}` is unless a prefix goes before it. */
function targetOf(to: string, { path, prefix }: Pick<Redirect, 'path' | 'prefix'>): string | undefined {
  const whole = /\{(http\.request\.)?(uri(\.path)?|path)\}/;
  if (!whole.test(to)) return to;
  if (prefix !== undefined && prefix !== '/') return undefined;
  return to.replace(whole, path ?? '{rest}');
}

function statusOf(word: string): Redirect['status'] | undefined {
  if (word === 'permanent') return 301;
  if (word === 'temporary') return 302;
  return ([301, 302, 303, 307, 308] as const).find((status) => String(status) === word);
}
