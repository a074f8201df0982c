// Byte ranges: the Range a client asks for and the Content-Range an origin sends (RFC 9110 section 14).

/** Bytes from `first` to `last`, both counted in. */
export interface ByteRange {
  readonly first: number;
  readonly last: number;
}

/** One range as asked for, before the length is known; `last` Infinity for "to the end". */
export type RangeRequest = ByteRange | { readonly suffix: number };

/** More digits than this are no position in a body. */
const number = '\\d{1,15}';
const singleRange = new RegExp(`^bytes=(${number})?-(${number})?$`, 'i');
const contentRange = new RegExp(`^bytes (${number})-(${number})/(${number}|\\*)$`, 'i');

/** The single range of a Range field; undefined for several, other units, and what is malformed: those are ignored. */
export function parseRange(text: string): RangeRequest | undefined {
  const match = singleRange.exec(text.replace(/\s+/g, ''));
  if (match === null) return undefined;
  const [, first, last] = match;
  if (first === undefined) return last === undefined ? undefined : { suffix: Number(last) };
  const range = { first: Number(first), last: last === undefined ? Infinity : Number(last) };
  return range.last < range.first ? undefined : range;
}

/** The bytes of a body of `length` that a range means; undefined when it has none of them (416). */
export function resolveRange(range: RangeRequest, length: number): ByteRange | undefined {
  if ('suffix' in range) {
    if (range.suffix === 0 || length === 0) return undefined;
    return { first: Math.max(0, length - range.suffix), last: length - 1 };
  }
  return range.first >= length ? undefined : { first: range.first, last: Math.min(range.last, length - 1) };
}

/** A Content-Range with its complete length, -1 when that is unknown; undefined when the text is none. */
export function parseContentRange(text: string): (ByteRange & { readonly total: number }) | undefined {
  const match = contentRange.exec(text.trim());
  if (match === null) return undefined;
  const range = {
    first: Number(match[1]),
    last: Number(match[2]),
    total: match[3] === '*' ? -1 : Number(match[3]),
  };
  return range.last < range.first || (range.total >= 0 && range.last >= range.total) ? undefined : range;
}
