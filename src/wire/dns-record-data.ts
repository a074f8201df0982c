// Record data (RDATA) as bytes: its shape is checked, and names in it are freed from compression, so that what is kept
// can be compared, stored and sent on. Types not listed are opaque (RFC 3597).
import { decodeName, encodeName, malformed } from './dns-name.ts';
import { recordTypes as type } from './dns-numbers.ts';

/** One part of record data: a name, so many bytes, character strings to the end, or anything to the end. */
type Part = 'name' | number | 'strings' | 'rest';

/** Shapes by type (RFC 1035 section 3.3, 2782, 3403, 3596, 6672, 8659). */
const shapes: ReadonlyMap<number, readonly Part[]> = new Map<number, readonly Part[]>([
  [type.A, [4]],
  [type.AAAA, [16]],
  [type.NS, ['name']],
  [type.CNAME, ['name']],
  [type.PTR, ['name']],
  [type.DNAME, ['name']],
  [type.SOA, ['name', 'name', 20]],
  [type.MX, [2, 'name']],
  [type.TXT, ['strings']],
  [type.SRV, [6, 'name']],
  [type.CAA, [2, 'rest']],
  [type.TLSA, [3, 'rest']],
  [type.SSHFP, [2, 'rest']],
  [type.DS, [4, 'rest']],
]);

/**
 * Record data at [start, end) of a message, as bytes of its own.
 * @throws SallyportError 'protocol-violation' when it has not the shape of its type
 */
export function decodeRecordData(
  recordType: number,
  message: Uint8Array,
  start: number,
  end: number,
): Uint8Array {
  const shape = shapes.get(recordType);
  if (!shape) return message.slice(start, end);
  const pieces: Uint8Array[] = [];
  let at = start;
  for (const part of shape) {
    const piece = decodePart(part, message, at, end);
    pieces.push(piece.bytes);
    at = piece.end;
  }
  if (at !== end) throw malformed('record data of the wrong length');
  if (recordType === type.CAA) checkTag(message, start, end);
  return pieces.length === 1 ? pieces[0]! : joined(pieces);
}

function decodePart(
  part: Part,
  message: Uint8Array,
  at: number,
  end: number,
): { readonly bytes: Uint8Array; readonly end: number } {
  if (part === 'name') {
    const decoded = decodeName(message, at);
    if (decoded.end > end) throw malformed('a name beyond its record');
    return { bytes: encodeName(decoded.name), end: decoded.end };
  }
  const stop = typeof part === 'number' ? at + part : end;
  if (stop > end) throw malformed('record data that is too short');
  if (part === 'strings') checkStrings(message, at, end);
  return { bytes: message.slice(at, stop), end: stop };
}

/** At least one character string, and the last ends where the record does. */
function checkStrings(message: Uint8Array, start: number, end: number): void {
  if (start === end) throw malformed('a TXT record without a string');
  let at = start;
  while (at < end) at += 1 + message[at]!;
  if (at !== end) throw malformed('a character string beyond its record');
}

/** A CAA tag is one to fifteen letters and digits (RFC 8659 section 4.1). */
function checkTag(message: Uint8Array, start: number, end: number): void {
  const length = message[start + 1]!;
  if (length < 1 || start + 2 + length > end) throw malformed('a CAA tag of the wrong length');
  const tag = String.fromCharCode(...message.subarray(start + 2, start + 2 + length));
  if (!/^[a-z0-9]+$/i.test(tag)) throw malformed('a CAA tag with other than letters and digits');
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
