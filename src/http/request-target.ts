// The one canonical form of a request's path, computed once and used by routing, access, cache, log and upstream
// alike, so that no two of them can see different things (edge.md section 6.1 has the bypasses this prevents).
//
// What is harmless is normalised (percent-encoding of unreserved characters, hex case, dot segments, doubled slashes
// at the start); what two readers could read differently is refused.
import { Http1Error } from '#wire/http1-error.ts';

/** A target split into what routes it and what does not. */
export interface RequestTarget {
  /** Canonical, percent-encoded, starts with '/'. */
  readonly path: string;
  /** '' or from '?' on, as received. */
  readonly query: string;
}

/** Deeper paths than this are an attack on somebody's matcher. */
const maxSegments = 256;

/**
 * Splits and canonicalises an origin-form target.
 * @throws Http1Error 'bad-request' for ambiguous or malformed paths
 */
export function parseOriginForm(target: string): RequestTarget {
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  return { path: canonicalPath(rawPath), query: mark < 0 ? '' : target.slice(mark) };
}

/**
 * The canonical form of a raw path.
 * @throws Http1Error 'bad-request' where two readers could disagree
 */
export function canonicalPath(rawPath: string): string {
  if (isPlain(rawPath)) return rawPath;
  if (rawPath.charCodeAt(0) !== 0x2f) throw ambiguous('the path does not start with "/"');
  if (/[^\x21-\x7e]/.test(rawPath)) throw ambiguous('a space, a control character or a raw non-ASCII byte');
  if (rawPath.includes('\\')) throw ambiguous('a backslash in the path');
  if (rawPath.includes('#')) throw ambiguous('a fragment in the path');
  return resolveSegments(normaliseEscapes(rawPath));
}

/** The path with escapes decoded, for patterns written against decoded paths (cloudflared's `path`). */
export function decodedPath(path: string): string {
  if (!path.includes('%')) return path;
  const bytes = Buffer.from(
    path.replace(/%([0-9A-F]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16))),
    'latin1',
  );
  return bytes.toString('utf8');
}

/** HOT: true for the paths that nearly all requests have: letters, digits and separators, nothing to normalise. */
function isPlain(path: string): boolean {
  if (path.charCodeAt(0) !== 0x2f) return false;
  let previous = 0x2f;
  let segments = 0;
  for (let i = 1; i < path.length; i++) {
    const char = path.charCodeAt(i);
    if (char === 0x25 || char === 0x5c || char === 0x23 || char < 0x21 || char > 0x7e) return false;
    if (char === 0x2f) segments++;
    // A dot or slash at the start of a segment may begin `.`, `..` or an empty segment.
    if (previous === 0x2f && (char === 0x2e || char === 0x2f)) return false;
    previous = char;
  }
  return segments < maxSegments;
}

/** Decodes escapes of unreserved characters, upper-cases the others, refuses those that change meaning. */
function normaliseEscapes(path: string): string {
  if (!path.includes('%')) return path;
  if (/%(?![0-9A-Fa-f]{2})/.test(path)) throw ambiguous('"%" without two hexadecimal digits');
  rejectOverlongUtf8(path);
  return path.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => {
    const byte = parseInt(hex, 16);
    if (byte === 0 || byte === 0x0a || byte === 0x0d) throw ambiguous('an escaped control character');
    if (byte === 0x5c) throw ambiguous('an escaped backslash');
    const char = String.fromCharCode(byte);
    return /[A-Za-z0-9\-._~]/.test(char) ? char : `%${hex.toUpperCase()}`;
  });
}

/** UTF-8 that hides a shorter character (C0, C1, E0 8x-9x, F0 8x) was never legal and is only used to hide slashes. */
function rejectOverlongUtf8(path: string): void {
  if (/%c[01]|%e0%[89]|%f0%8/i.test(path)) throw ambiguous('an overlong UTF-8 sequence');
}

function resolveSegments(path: string): string {
  const segments = path.replace(/^\/+/, '/').slice(1).split('/');
  if (segments.length > maxSegments) throw ambiguous(`more than ${maxSegments} segments`);
  const hasEmpty = segments.slice(0, -1).includes('');
  const out: string[] = [];
  for (const [i, segment] of segments.entries()) {
    if (/^\.{1,2}(;|%3B)/i.test(segment)) throw ambiguous('a dot segment with parameters');
    if (/(^|%2F)\.{1,2}(%2F|$)/.test(segment) && segment.includes('%2F'))
      throw ambiguous('an escaped slash beside a dot segment');
    const isLast = i === segments.length - 1;
    if (segment === '.' || segment === '..') {
      if (segment === '..') {
        // `/a//..` is `/a/` to some and `/` to others.
        if (hasEmpty) throw ambiguous('".." in a path with empty segments');
        out.pop();
      }
      if (isLast) out.push('');
    } else {
      out.push(segment);
    }
  }
  // `/.//a` has its doubled slash at the start only now.
  return `/${out.join('/')}`.replace(/^\/+/, '/');
}

function ambiguous(what: string): Http1Error {
  return new Http1Error('bad-request', `the path is ambiguous: ${what}`);
}
