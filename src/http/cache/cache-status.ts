// Cache-Status (RFC 9211) and CF-Cache-Status, the one for programs and the one for those who grep for it: what the cache
// did with a request, and why it had to ask the origin (edge.md section 6.2 has the second one's words).
import type { StoreRefusal } from './storable.ts';

/** The second header's words, also in the access log. */
export type CacheWord =
  | 'HIT'
  | 'MISS'
  | 'EXPIRED'
  | 'STALE'
  | 'BYPASS'
  | 'REVALIDATED'
  | 'UPDATING'
  | 'DYNAMIC';

/** Why a request went to the origin (RFC 9211 section 2.2). */
export type ForwardReason = 'bypass' | 'method' | 'uri-miss' | 'vary-miss' | 'stale' | 'partial' | 'request';

/** What happened to one request. */
export interface CacheOutcome {
  readonly word: CacheWord;
  /** Undefined: answered from the cache. */
  readonly forward: ForwardReason | undefined;
  /** Status of the origin's answer where it is not the client's (a 304, an error that a stale copy hid). */
  readonly forwardStatus?: number;
  readonly isStored?: boolean;
  readonly isCollapsed?: boolean;
  /** Milliseconds of freshness left, negative when stale. */
  readonly ttlMs?: number;
  readonly refusal?: StoreRefusal | '';
}

/** Both field lines, each ending in CRLF. */
export function cacheStatusLines(outcome: CacheOutcome): string {
  const { word, forward, forwardStatus, isStored, isCollapsed, ttlMs, refusal } = outcome;
  let text =
    forward === undefined ? 'Cache-Status: sallyport; hit' : `Cache-Status: sallyport; fwd=${forward}`;
  if (forwardStatus !== undefined) text += `; fwd-status=${forwardStatus}`;
  if (ttlMs !== undefined) text += `; ttl=${Math.floor(ttlMs / 1000)}`;
  if (isStored === true) text += '; stored';
  if (isCollapsed === true) text += '; collapsed';
  if (refusal !== undefined && refusal !== '') text += `; detail=${refusal}`;
  return `${text}\r\nCF-Cache-Status: ${word}\r\n`;
}
