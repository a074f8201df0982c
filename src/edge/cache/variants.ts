// Which of the responses stored for one key a request selects (RFC 9111 section 4.1). Entries of a key hang together, the
// newest first; each knows by which fields it varies.
import type { Fields } from '#http/exchange.ts';
import { combinedValue, favouriteLanguage, variantKey } from '#http/cache/vary.ts';
import type { CacheEntry } from './cache-entry.ts';

/** Responses for one key that differ by Vary; one more, and the oldest leaves. */
export const maxVariants = 32;

/** What of an entry the choice depends on; also what disk records have. */
export interface Variant {
  readonly vary: readonly string[];
  readonly variant: string;
}

/** Whether the request selects the variant. HOT for the first line. */
export function selects(one: Variant, fields: Fields): boolean {
  return one.vary.length === 0 || variantKey(one.vary, fields) === one.variant;
}

/**
 * Whether the variant is in the one language that the request likes best, and fits in everything else it varies by. The
 * origin would have to prefer a language that the client likes less to answer otherwise.
 */
export function selectsByLanguage(entry: CacheEntry, fields: Fields): boolean {
  const language = entry.facts.contentLanguage;
  if (language === '' || !entry.vary.includes('accept-language')) return false;
  if (favouriteLanguage(combinedValue(fields, 'accept-language') ?? '') !== language) return false;
  const others = entry.vary.filter((name) => name !== 'accept-language');
  const rest = entry.variant.split('\n').filter((line) => !/^accept-language(:|$)/.test(line));
  return variantKey(others, fields) === rest.join('\n');
}
