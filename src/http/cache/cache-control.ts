// Cache-Control (RFC 9111 section 5.2) and CDN-Cache-Control (RFC 9213), read into one form. What cannot be understood
// makes a response staler, never fresher: a lifetime that is no number counts as 0.
import { parseDictionary } from '../structured-field.ts';
import type { StructuredValue } from '../structured-field.ts';

/** The directives of one message. Seconds are -1 where the directive is absent. */
export interface CacheControl {
  noStore: boolean;
  /** `no-cache` without field names; for requests too. */
  noCache: boolean;
  /** Lower-case names of `no-cache="..."` and `private="..."`: fields that a shared cache may not keep. */
  readonly heldBackFields: string[];
  /** `private` without field names. */
  isPrivate: boolean;
  isPublic: boolean;
  mustRevalidate: boolean;
  proxyRevalidate: boolean;
  mustUnderstand: boolean;
  noTransform: boolean;
  onlyIfCached: boolean;
  maxAgeSeconds: number;
  sMaxAgeSeconds: number;
  staleWhileRevalidateSeconds: number;
  staleIfErrorSeconds: number;
  minFreshSeconds: number;
  /** Infinity for `max-stale` without a number. */
  maxStaleSeconds: number;
}

/** RFC 9111 section 1.2.2: a delta-seconds that overflows counts as this many. */
const mostSeconds = 2 ** 31;

/** Directives of a Cache-Control field; its lines joined with commas. */
export function parseCacheControl(text: string): CacheControl {
  const out = noDirectives();
  const seen = new Set<string>();
  for (const { name, value } of splitDirectives(text)) {
    // Of a directive that is named twice the first counts (RFC 9111 section 4.2.1).
    if (seen.has(name)) continue;
    seen.add(name);
    apply(out, name, value);
  }
  return out;
}

/**
 * Directives of a targeted field, undefined when the field is empty or no valid dictionary and Cache-Control has the
 * say (RFC 9213 section 2.1).
 */
export function parseTargetedCacheControl(text: string): CacheControl | undefined {
  const members = parseDictionary(text);
  if (members === undefined || members.size === 0) return undefined;
  const out = noDirectives();
  for (const [name, member] of members) {
    const value = directiveValue(name, member);
    if (value !== undefined) apply(out, name, value);
  }
  return out;
}

function noDirectives(): CacheControl {
  return {
    noStore: false,
    noCache: false,
    heldBackFields: [],
    isPrivate: false,
    isPublic: false,
    mustRevalidate: false,
    proxyRevalidate: false,
    mustUnderstand: false,
    noTransform: false,
    onlyIfCached: false,
    maxAgeSeconds: -1,
    sMaxAgeSeconds: -1,
    staleWhileRevalidateSeconds: -1,
    staleIfErrorSeconds: -1,
    minFreshSeconds: -1,
    maxStaleSeconds: -1,
  };
}

/** `null` stands for a directive without a value. */
function apply(out: CacheControl, name: string, value: string | null): void {
  switch (name) {
    case 'no-store':
      out.noStore = true;
      return;
    case 'no-cache':
      if (value === null) out.noCache = true;
      else holdBack(out, value);
      return;
    case 'private':
      if (value === null) out.isPrivate = true;
      else holdBack(out, value);
      return;
    case 'public':
      out.isPublic = true;
      return;
    case 'must-revalidate':
      out.mustRevalidate = true;
      return;
    case 'proxy-revalidate':
      out.proxyRevalidate = true;
      return;
    case 'must-understand':
      out.mustUnderstand = true;
      return;
    case 'no-transform':
      out.noTransform = true;
      return;
    case 'only-if-cached':
      out.onlyIfCached = true;
      return;
    case 'max-age':
      out.maxAgeSeconds = seconds(value);
      return;
    case 's-maxage':
      out.sMaxAgeSeconds = seconds(value);
      return;
    case 'stale-while-revalidate':
      out.staleWhileRevalidateSeconds = seconds(value);
      return;
    case 'stale-if-error':
      out.staleIfErrorSeconds = seconds(value);
      return;
    case 'min-fresh':
      out.minFreshSeconds = seconds(value);
      return;
    case 'max-stale':
      out.maxStaleSeconds = value === null ? Infinity : seconds(value);
      return;
    default:
  }
}

function holdBack(out: CacheControl, names: string): void {
  for (const name of names.split(','))
    if (name.trim() !== '') out.heldBackFields.push(name.trim().toLowerCase());
}

/** Digits only; anything else is 0 (RFC 9111 section 4.2.1: invalid freshness information means stale). */
function seconds(value: string | null): number {
  if (value === null || !/^\d+$/.test(value)) return 0;
  return Math.min(Number(value), mostSeconds);
}

/**
 * What a dictionary member says in Cache-Control's words; undefined for `name=?0`. A member of a type that its directive
 * does not have says nothing, which makes a lifetime 0.
 */
function directiveValue(name: string, member: StructuredValue): string | null | undefined {
  if (member.kind === 'boolean') return member.value ? null : undefined;
  if (member.kind === 'integer') return String(member.value);
  const namesFields = name === 'no-cache' || name === 'private';
  return member.kind === 'string' && namesFields ? member.value : null;
}

interface Directive {
  readonly name: string;
  readonly value: string | null;
}

/** Splits at commas outside quoted strings; names come lower-case, values without their quotes. */
function* splitDirectives(text: string): Generator<Directive> {
  for (const [whole] of text.matchAll(/(?:"(?:[^"\\]|\\.)*(?:"|$)|[^",])+/g)) {
    const part = whole.trim();
    if (part === '') continue;
    const equals = part.indexOf('=');
    if (equals < 0) yield { name: part.toLowerCase(), value: null };
    else yield { name: part.slice(0, equals).trim().toLowerCase(), value: unquoted(part.slice(equals + 1)) };
  }
}

/** A value with space around its `=` keeps it, and so is no number. */
function unquoted(value: string): string {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(value);
  return quoted ? quoted[1]!.replace(/\\(.)/g, '$1') : value;
}
