// What a cache reads from a response head, gathered in one pass over its fields.
import type { Fields } from '../exchange.ts';
import { parseHttpDate } from '../http-date.ts';
import { parseCacheControl, parseTargetedCacheControl } from './cache-control.ts';
import type { CacheControl } from './cache-control.ts';

export interface ResponseFacts {
  readonly status: number;
  /** The directives that have the say: those of CDN-Cache-Control where it is valid, else of Cache-Control. */
  readonly control: CacheControl;
  /** CDN-Cache-Control has the say: Expires is then ignored too (RFC 9213 section 2.2). */
  readonly isTargeted: boolean;
  /** What Cache-Control says of transformations, whoever has the say about storing. */
  readonly noTransform: boolean;
  /** Wall time in milliseconds; undefined when absent or unreadable. */
  readonly dateMs: number | undefined;
  /** -Infinity when it cannot be read, which means "in the past" (RFC 9111 section 5.3). */
  readonly expiresMs: number | undefined;
  readonly lastModifiedMs: number | undefined;
  readonly ageSeconds: number;
  /** With its quotes and weakness, '' when absent. */
  readonly etag: string;
  readonly lastModified: string;
  /** Lower-case names in order of the alphabet; '*' among them forbids reuse. */
  readonly vary: readonly string[];
  readonly setsCookie: boolean;
  /** Lower-case media type without parameters, '' when absent. */
  readonly contentType: string;
  readonly contentEncoding: string;
  readonly contentLanguage: string;
  readonly contentRange: string;
  readonly contentLocation: string;
  readonly location: string;
  /** Trailer fields are announced. */
  readonly hasTrailer: boolean;
  /** Of Cache-Tag and Surrogate-Key, for purging. */
  readonly tags: readonly string[];
  /** Whether a digest or signature covers the bytes as they are, so that they must not be transformed. */
  readonly isSealed: boolean;
}

/** Tags of one response that are kept. */
const maxTags = 256;

/** Reads a head; `wallMs` is the present wall time. */
export function readResponseFacts(status: number, fields: Fields, wallMs: number): ResponseFacts {
  const found = new Map<string, string>();
  fields.forEach((name, value) => {
    const lower = name.toLowerCase();
    if (!wanted.has(lower)) return;
    const before = found.get(lower);
    found.set(lower, before === undefined ? value : `${before}, ${value}`);
  });
  const text = (name: string): string => found.get(name) ?? '';
  const date = (name: string): number | undefined => parseHttpDate(text(name), wallMs);
  const general = parseCacheControl(text('cache-control'));
  const targeted = parseTargetedCacheControl(text('cdn-cache-control'));
  return {
    status,
    control: targeted ?? general,
    isTargeted: targeted !== undefined,
    noTransform: general.noTransform || targeted?.noTransform === true,
    dateMs: date('date'),
    expiresMs: found.has('expires') ? (date('expires') ?? -Infinity) : undefined,
    lastModifiedMs: date('last-modified'),
    ageSeconds: parseAge(text('age')),
    etag: text('etag'),
    lastModified: text('last-modified'),
    vary: parseVary(text('vary')),
    setsCookie: found.has('set-cookie') || found.has('set-cookie2'),
    contentType: mediaType(text('content-type')),
    contentEncoding: text('content-encoding').toLowerCase(),
    contentLanguage: text('content-language').toLowerCase(),
    contentRange: text('content-range'),
    contentLocation: text('content-location'),
    location: text('location'),
    hasTrailer: found.has('trailer'),
    tags: parseTags(text('cache-tag'), text('surrogate-key')),
    isSealed: sealing.some((name) => found.has(name)),
  };
}

/** Fields that say something of the exact bytes. */
const sealing = ['content-digest', 'repr-digest', 'digest', 'content-md5', 'signature'];

const wanted = new Set([
  ...sealing,
  'cache-control',
  'cdn-cache-control',
  'date',
  'expires',
  'last-modified',
  'age',
  'etag',
  'vary',
  'set-cookie',
  'set-cookie2',
  'content-type',
  'content-encoding',
  'content-language',
  'content-range',
  'content-location',
  'location',
  'trailer',
  'cache-tag',
  'surrogate-key',
]);

/** The media type of a Content-Type, lower-case and without parameters. */
export function mediaType(contentType: string): string {
  const semicolon = contentType.indexOf(';');
  return (semicolon < 0 ? contentType : contentType.slice(0, semicolon)).trim().toLowerCase();
}

/** The first member of the list counts; what is no number is ignored (RFC 9111 section 5.1). */
function parseAge(text: string): number {
  const first = /^\s*(\d+)\s*(?:,|$)/.exec(text);
  return first ? Math.min(Number(first[1]), 2 ** 31) : 0;
}

/** Names of a Vary field, lower-case, each once, sorted. */
export function parseVary(text: string): string[] {
  if (text === '') return [];
  const names = text
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return [...new Set(names)].toSorted();
}

/** Tags for purging: Cache-Tag separates with commas, Surrogate-Key with spaces. */
export function parseTags(cacheTag: string, surrogateKey: string): string[] {
  if (cacheTag === '' && surrogateKey === '') return [];
  const tags = [...cacheTag.split(','), ...surrogateKey.split(/[\s,]+/)].map((tag) => tag.trim());
  return [...new Set(tags.filter((tag) => tag !== ''))].slice(0, maxTags);
}
