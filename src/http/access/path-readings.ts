// What else a path may mean to the server behind. The edge has one canonical path, and so has every origin, but not every
// origin has the same: some decode twice, fold case, cut off `;parameters`, or take a backslash for a slash. So a rule with
// paths looks at two readings: it lets through only what lies below its path in both, and turns away what does in either.
//
// The loose reading goes as far as any server might, and only ever further: who stops half-way has read a path that lies
// below no more than it does. Only `..` would break that. A canonical path has none left, so one that comes to light here was
// hidden on purpose; such a path is slippery: it may be anywhere, and is surely nowhere.

/** Both readings of a path. */
export interface PathReadings {
  /** The canonical path itself. */
  readonly strict: string;
  /** As the most generous server would read it: decoded, lower-case, without parameters, doubled slashes and dot segments. */
  readonly loose: string;
  /** Where it leads depends on who reads it. */
  readonly isSlippery: boolean;
  /** Some servers see an end (a NUL, `?`, `#` within escapes) where others see more segments. */
  readonly mayEndEarly: boolean;
}

/** Escapes within escapes that are decoded; a path that has more is slippery. */
const maxDecodings = 3;

const escape = /%([0-9A-Fa-f]{2})/g;

/** Dots and spaces alone, with two dots at least: Windows takes the spaces off. */
const hiddenDots = /^[. ]*\.[. ]*\.[. ]*$/;

/** What ends a name: parameters, what follows a NUL in C, a query that is decoded too early, a stream of NTFS. */
const endOfName = /(?:[;?#\0]|::|:\$).*$/s;

/** UTF-8 that hides a shorter character; some readers take it for that. */
const overlong = /[\xc0\xc1]|\xe0[\x80-\x9f]|\xf0[\x80-\x8f]/;

/** A slash within parameters, for those who decode first. */
const slashInParameters =
  /;[^/]*(?:%(?:25)*(?:2f|5c|ef%(?:25)*bc|e2%(?:25)*8[18])|[\\]|\xef\xbc|\xe2[\x81\x88])/i;

/** The readings of a canonical path (http/request-target.ts). HOT: most paths read the same. */
export function readingsOf(path: string): PathReadings {
  if (/^[a-z0-9/_-]*$/.test(path) && !path.includes('//')) {
    return { strict: path, loose: path, isSlippery: false, mayEndEarly: false };
  }
  return { strict: path, ...looseReading(path) };
}

/** Whether a path lies below a pattern's segments (`*` is any one), at a segment border; `isExact`: is exactly it. */
export interface PathPattern {
  readonly isExact: boolean;
  /** Without the empty one before the first slash. */
  readonly strict: readonly string[];
  readonly loose: readonly string[];
  /** Both are the same. */
  readonly isOneReading: boolean;
  readonly hasStars: boolean;
}

/** Prepares a pattern such as `/api`, `/*.git/info` or `=/health` (model/access/access-policy.ts has the form). */
export function compilePath(text: string): PathPattern {
  const isExact = text.startsWith('=');
  const path = isExact ? text.slice(1) : text;
  const [strict, loose] = [segmentsOf(path), segmentsOf(readingsOf(path).loose)];
  const isOneReading = strict.join('/') === loose.join('/');
  return { isExact, strict, loose, isOneReading, hasStars: path.includes('*') };
}

/** In both readings: what a rule that lets through asks. */
export function isSurelyBelow(
  { strict, loose, isSlippery, mayEndEarly }: PathReadings,
  pattern: PathPattern,
): boolean {
  const isBelow = covers(pattern.strict, segmentsOf(strict), pattern.isExact);
  // HOT: most paths and patterns read the same.
  if (!isBelow || (loose === strict && pattern.isOneReading)) return isBelow;
  // Without a star the path has ended, for whoever sees an end, after the pattern's own segments.
  if (isSlippery || (mayEndEarly && pattern.hasStars)) return false;
  return covers(pattern.loose, segmentsOf(loose), pattern.isExact);
}

/** In one reading at least: what a rule that turns away asks. */
export function mayBeBelow(
  { strict, loose, isSlippery, mayEndEarly }: PathReadings,
  pattern: PathPattern,
): boolean {
  return (
    isSlippery ||
    covers(pattern.strict, segmentsOf(strict), pattern.isExact) ||
    covers(pattern.loose, segmentsOf(loose), pattern.isExact && !mayEndEarly)
  );
}

/** A slash at the end is no segment: `/api/` is `/api`. */
function segmentsOf(path: string): string[] {
  const segments = path.split('/').slice(1);
  if (segments.at(-1) === '') segments.pop();
  return segments;
}

function covers(pattern: readonly string[], segments: readonly string[], isExact: boolean): boolean {
  if (segments.length < pattern.length || (isExact && segments.length > pattern.length)) return false;
  return pattern.every((part, i) => isSegment(part, segments[i]!));
}

/** `*` is any text within a segment, also none beside other text; linear, since each piece is found leftmost. */
function isSegment(part: string, segment: string): boolean {
  if (!part.includes('*')) return part === segment;
  const pieces = part.split('*');
  const [first, last] = [pieces[0]!, pieces.at(-1)!];
  if (segment.length < first.length + last.length || segment === '') return false;
  if (!segment.startsWith(first) || !segment.endsWith(last)) return false;
  let at = first.length;
  const end = segment.length - last.length;
  for (const piece of pieces.slice(1, -1)) {
    const found = segment.indexOf(piece, at);
    if (found < 0 || found + piece.length > end) return false;
    at = found + piece.length;
  }
  return true;
}

function looseReading(path: string): Omit<PathReadings, 'strict'> {
  const { text, isWhole } = decoded(path);
  let isSlippery = !isWhole;
  const out: string[] = [];
  for (const segment of text.replace(/[\\\u2044\u2215]/g, '/').split('/')) {
    const name = segment.replace(endOfName, '');
    if (hiddenDots.test(name)) isSlippery = true;
    const kept = name.replace(/[. ]+$/, '');
    if (kept !== '') out.push(kept);
  }
  return { loose: `/${out.join('/')}`.toLowerCase(), isSlippery, mayEndEarly: /[?#\0]/.test(text) };
}

/** Without escapes, in Unicode's compatible form (a full-width solidus is a slash); whole unless somebody could read more. */
function decoded(path: string): { readonly text: string; readonly isWhole: boolean } {
  let bytes = path;
  let isWhole = true;
  for (let i = 0; i < maxDecodings && bytes.includes('%'); i++) {
    if (slashInParameters.test(bytes)) isWhole = false;
    bytes = bytes.replace(escape, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  if (slashInParameters.test(bytes) || bytes.search(escape) >= 0 || overlong.test(bytes)) isWhole = false;
  if (!/[\x80-\xff]/.test(bytes)) return { text: bytes, isWhole };
  return { text: Buffer.from(bytes, 'latin1').toString('utf8').normalize('NFKC'), isWhole };
}
