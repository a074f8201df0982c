// Which requests a directive of a Caddyfile is for, as far as a route of ours can say it: all, a path, all below one,
// everything outside one, addresses or everything but addresses.
import type { CaddyStatement } from './caddyfile.ts';

export type CaddyMatcher =
  | { readonly kind: 'all' }
  | { readonly kind: 'path'; readonly path: string }
  | {
      readonly kind: 'below';
      readonly path: string;
      /** The bare path itself too. */ readonly isWhole: boolean;
    }
  | { readonly kind: 'outside'; readonly path: string }
  | { readonly kind: 'address'; readonly prefixes: readonly string[] }
  | { readonly kind: 'not-address'; readonly prefixes: readonly string[] }
  | { readonly kind: 'unknown'; readonly text: string };

/** Named matchers of a site. */
export function namedMatchers(block: readonly CaddyStatement[]): Map<string, CaddyMatcher> {
  return new Map(
    block
      .filter(({ words }) => words[0]?.startsWith('@'))
      .map((each) => [each.words[0]!, ofDefinition(each)]),
  );
}

/** The matcher in front of a directive's arguments, and what follows it. */
export function takeMatcher(
  args: readonly string[],
  named: ReadonlyMap<string, CaddyMatcher>,
): { readonly matcher: CaddyMatcher; readonly rest: readonly string[] } {
  const [first = '', ...rest] = args;
  if (first === '*') return { matcher: { kind: 'all' }, rest };
  if (first.startsWith('@')) return { matcher: named.get(first) ?? { kind: 'unknown', text: first }, rest };
  if (first.startsWith('/')) return { matcher: ofPath(first), rest };
  return { matcher: { kind: 'all' }, rest: args };
}

function ofPath(pattern: string): CaddyMatcher {
  if (/^\/\*?$/.test(pattern)) return pattern === '/*' ? { kind: 'all' } : { kind: 'path', path: '/' };
  if (!pattern.includes('*')) return { kind: 'path', path: pattern };
  const match = /^((?:\/[^/*]+)+)(\/?)\*$/.exec(pattern);
  if (!match) return { kind: 'unknown', text: pattern };
  return { kind: 'below', path: match[1]!, isWhole: match[2] === '' };
}

/** `@x not path /admin /admin/*`, or a block with one line. */
function ofDefinition({ words, block }: CaddyStatement): CaddyMatcher {
  const text = [...words, ...(block ?? []).flatMap((each) => each.words)].join(' ');
  const lines = words.length > 1 ? [words.slice(1)] : (block ?? []).map((each) => each.words);
  const [line] = lines;
  if (!line || lines.length !== 1 || (words.length > 1 && block)) return { kind: 'unknown', text };
  const isNot = line[0] === 'not';
  const [what, ...values] = isNot ? line.slice(1) : line;
  if (what === 'remote_ip' || what === 'client_ip') {
    const prefixes = values.flatMap((value) => (value === 'private_ranges' ? privateRanges : [value]));
    return { kind: isNot ? 'not-address' : 'address', prefixes };
  }
  const base = what === 'path' ? baseOf(values) : undefined;
  if (base === undefined) return { kind: 'unknown', text };
  if (isNot)
    return base.kind === 'below' && base.isWhole
      ? { kind: 'outside', path: base.path }
      : { kind: 'unknown', text };
  return base;
}

/** What Caddy's word stands for. */
const privateRanges = ['192.168.0.0/16', '172.16.0.0/12', '10.0.0.0/8', '127.0.0.1/8', 'fd00::/8', '::1'];

/** One place for `/admin`, `/admin/*`, or both together. */
function baseOf(patterns: readonly string[]): CaddyMatcher | undefined {
  const found = patterns.map(ofPath);
  const [first, second] = found;
  if (found.length === 1) return first;
  if (found.length !== 2 || !first || !second) return undefined;
  const [path, below] = first.kind === 'path' ? [first, second] : [second, first];
  if (path.kind !== 'path' || below.kind !== 'below' || path.path !== below.path) return undefined;
  return { ...below, isWhole: true };
}
