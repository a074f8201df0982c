// Entity tags and dates compared (RFC 9110 sections 8.8 and 13), and what a client's conditions mean for a response that
// the cache could send.
import type { Fields } from '../exchange.ts';
import { parseHttpDate } from '../http-date.ts';
import { combinedValue } from './vary.ts';

/** What of a response conditions are checked against. */
export interface Validators {
  /** With quotes and weakness, '' when absent. */
  readonly etag: string;
  readonly lastModified: string;
  readonly lastModifiedMs: number | undefined;
  /** Wall time of its Date, or of its arrival. */
  readonly dateMs: number;
}

/** Whether a client's copy is the same (section 13.1.2: If-None-Match wins over If-Modified-Since). HOT for the first line. */
export function isNotModified(request: Fields, stored: Validators, wallMs: number): boolean {
  if (request.get('if-none-match') !== undefined)
    return stored.etag !== '' && listNames(combinedValue(request, 'if-none-match')!, stored.etag);
  const since = request.get('if-modified-since');
  if (since === undefined) return false;
  const sinceMs = parseHttpDate(since, wallMs);
  // Without Last-Modified the response's own date stands in (RFC 9111 section 4.3.2).
  return sinceMs !== undefined && (stored.lastModifiedMs ?? stored.dateMs) <= sinceMs;
}

/** Whether an If-None-Match list names the tag, weakness aside; `*` names every tag. */
export function listNames(list: string, etag: string): boolean {
  if (list.trim() === '*') return true;
  const wanted = opaque(etag);
  for (const [tag] of list.matchAll(/(?:W\/)?"[^"]*"|[^,\s][^,]*/g))
    if (opaque(tag.trim()) === wanted) return true;
  return false;
}

/** The weak comparison (section 8.8.3.2). */
export function weaklyMatches(a: string, b: string): boolean {
  return opaque(a) === opaque(b);
}

/** Whether bytes under this tag are the same bytes wherever the tag is the same. */
export function isStrong(etag: string): boolean {
  return /^"[^"]*"$/.test(etag);
}

/** A tag that promises equal meaning, not equal bytes; for a response that was transformed. */
export function weakened(etag: string): string {
  return etag.startsWith('W/') ? etag : `W/${etag}`;
}

/** Whether a Range may be answered from the stored response (section 13.1.5). */
export function ifRangeHolds(request: Fields, stored: Validators, wallMs: number): boolean {
  const condition = request.get('if-range')?.trim();
  if (condition === undefined) return true;
  if (condition.startsWith('"') || condition.startsWith('W/'))
    return isStrong(condition) && condition === stored.etag;
  const ms = parseHttpDate(condition, wallMs);
  // Exactly the date that was sent, and that at least a second before the response's own: else it may have changed since.
  return ms !== undefined && ms === stored.lastModifiedMs && stored.dateMs - ms >= 1000;
}

/** Whether conditions stand in the request that only the origin can judge. */
export function hasOriginCondition(request: Fields): boolean {
  return request.get('if-match') !== undefined || request.get('if-unmodified-since') !== undefined;
}

function opaque(etag: string): string {
  return etag.startsWith('W/') ? etag.slice(2) : etag;
}
