// What else a path may mean to the server behind. The edge has one canonical path, and so has every origin, but not every
// origin has the same: some decode twice, fold case, cut off `;parameters`, or take a backslash for a slash. So a rule with
// paths looks at two readings: it lets through only what lies below its path in both, and turns away what does in either.

/** Both readings of a path. */
export interface PathReadings {
  /** The canonical path itself. */
  readonly strict: string;
  /** As the most generous server would read it: decoded, lower-case, without parameters, doubled slashes and dot segments. */
  readonly loose: string;
}

/** Escapes within escapes that are decoded; whoever goes deeper means no file. */
const maxDecodings = 3;

/** The readings of a canonical path (http/request-target.ts). HOT: most paths read the same. */
export function readingsOf(path: string): PathReadings {
  return {
    strict: path,
    loose: /^[a-z0-9/_-]*$/.test(path) && !path.includes('//') ? path : loosePath(path),
  };
}

/** Whether a path lies below a pattern's segments (`*` is any one), at a segment border; `isExact`: is exactly it. */
export interface PathPattern {
  readonly isExact: boolean;
  /** Without the empty one before the first slash. */
  readonly strict: readonly string[];
  readonly loose: readonly string[];
  /** Both are the same. */
  readonly isOneReading: boolean;
}

/** Prepares a pattern such as `/api`, `/*.git/info` or `=/health` (model/access-policy.ts has the form). */
export function compilePath(text: string): PathPattern {
  const isExact = text.startsWith('=');
  const path = isExact ? text.slice(1) : text;
  const [strict, loose] = [segmentsOf(path), segmentsOf(loosePath(path))];
  return { isExact, strict, loose, isOneReading: strict.join('/') === loose.join('/') };
}

/** In both readings: what a rule that lets through asks. */
export function isSurelyBelow({ strict, loose }: PathReadings, pattern: PathPattern): boolean {
  const isBelow = covers(pattern.strict, segmentsOf(strict), pattern.isExact);
  // HOT: most paths and patterns read the same.
  if (!isBelow || (loose === strict && pattern.isOneReading)) return isBelow;
  return covers(pattern.loose, segmentsOf(loose), pattern.isExact);
}

/** In one reading at least: what a rule that turns away asks. */
export function mayBeBelow({ strict, loose }: PathReadings, pattern: PathPattern): boolean {
  return (
    covers(pattern.strict, segmentsOf(strict), pattern.isExact) ||
    covers(pattern.loose, segmentsOf(loose), pattern.isExact)
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

function loosePath(path: string): string {
  let text = path;
  for (let i = 0; i < maxDecodings && text.includes('%'); i++) {
    text = text.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  }
  const out: string[] = [];
  const segments = text.replaceAll('\\', '/').split('/');
  for (const segment of segments) {
    // Parameters, what follows a NUL in C, and the dots and spaces that Windows drops from the end of a name.
    const name = segment.replace(/[;\0].*$/s, '');
    if (name === '..') out.pop();
    else if (name !== '' && name !== '.') out.push(name.replace(/[. ]+$/, '') || name);
  }
  return `/${out.join('/')}`.toLowerCase();
}
