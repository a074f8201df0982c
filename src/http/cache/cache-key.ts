// The text under which a response is stored: everything that makes it another response, before Vary is known. Scheme, host
// in canonical form, canonical path, the query as the route counts it, and what the route's policy adds.
import type { RequestHead } from '../exchange.ts';
import type { RequestSettings } from './cache-rules.ts';
import { cookiePairs } from './cookies.ts';
import { matchesAnyWildcard } from '#base/text/wildcard.ts';
import { combinedValue } from './vary.ts';

/** Parts of a key are parted by what no host, path, query or field value can contain. */
const separator = '\n';

/** The key of an address alone. HOT. */
export function addressKey(scheme: 'http' | 'https', host: string, path: string, query: string): string {
  // One letter is enough, and `s` or `p` cannot begin anything else.
  return `${scheme === 'https' ? 's' : 'p'}${host}${path}${query}`;
}

/** The key of a request whose query has been reduced already. */
export function cacheKey(request: RequestHead, query: string, settings: RequestSettings): string {
  let key = addressKey(request.scheme, request.host, request.path, query);
  for (const name of settings.keyHeaders) {
    const value = combinedValue(request.fields, name);
    key += value === undefined ? `${separator}-${name}` : `${separator}${name}:${value}`;
  }
  if (settings.keyCookies.length > 0) key += cookiePart(request, settings.keyCookies);
  return key;
}

function cookiePart(request: RequestHead, names: readonly string[]): string {
  const pairs = cookiePairs(request.fields.get('cookie') ?? '').filter(([name]) =>
    matchesAnyWildcard(names, name),
  );
  return `${separator}cookie:${pairs
    .map(([name, value]) => `${name}=${value}`)
    .toSorted()
    .join(';')}`;
}

/** The address that a key stands for. */
export function addressOf(key: string): {
  readonly url: string;
  readonly host: string;
  readonly path: string;
} {
  const end = key.indexOf(separator);
  const address = key.slice(1, end < 0 ? undefined : end);
  const slash = address.indexOf('/');
  const mark = address.indexOf('?');
  return {
    url: `${key.startsWith('s') ? 'https' : 'http'}://${address}`,
    host: address.slice(0, slash),
    path: address.slice(slash, mark < 0 ? undefined : mark),
  };
}
