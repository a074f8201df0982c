// The part of a query string that matters to a route. What is left out of the key is left out of the request to the
// origin too: a parameter that nobody keys but the origin reads is how caches are poisoned.
import { matchesAnyWildcard } from '#base/text/wildcard.ts';
import type { QueryPolicy } from '#model/routes/cache-policy.ts';

/** Names of the parameters, decoded; `query` is '' or begins with '?'. */
export function queryNames(query: string): string[] {
  return parts(query).map(nameOf);
}

/** The query that is forwarded and enters the key: '' or from '?' on. */
export function reduceQuery(query: string, policy: QueryPolicy | undefined): string {
  if (policy === undefined || query === '') return query;
  const { keep, drop, isSorted } = policy;
  let kept = parts(query);
  if (keep !== undefined) kept = kept.filter((part) => matchesAnyWildcard(keep, nameOf(part)));
  if (drop !== undefined) kept = kept.filter((part) => !matchesAnyWildcard(drop, nameOf(part)));
  // Equal names keep their order among each other, which may mean something.
  if (isSorted) kept = kept.toSorted((a, b) => compare(nameOf(a), nameOf(b)));
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

function parts(query: string): string[] {
  return query.length <= 1
    ? []
    : query
        .slice(1)
        .split('&')
        .filter((part) => part !== '');
}

/** Decoded as a form would be, so that `%75tm_source` is `utm_source`; what cannot be decoded stays as it is. */
function nameOf(part: string): string {
  const equals = part.indexOf('=');
  const name = equals < 0 ? part : part.slice(0, equals);
  if (!name.includes('%') && !name.includes('+')) return name;
  try {
    return decodeURIComponent(name.replaceAll('+', ' '));
  } catch {
    return name;
  }
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
