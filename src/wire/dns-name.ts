// Domain names: bytes on the wire (RFC 1035 section 3.1, compression in 4.1.4) and text.
//
// Text is one form everywhere: labels joined by dots, no dot at the end, '' for the root. Bytes that are not printable
// ASCII, and dots, quotes, backslashes and the like inside a label, are written as in a master file (`\.`, `\123`), so
// that text and bytes are one to one. Case is kept; names are compared by their lower-case form (RFC 4343).
import { SallyportError } from '#base/errors.ts';

/** RFC 1035 section 2.3.4, the root's byte included. */
export const longestNameBytes = 255;
const longestLabelBytes = 63;
/** A name has at most 127 labels, so a longer chain of pointers has pointers to pointers; it would only cost time. */
const maxPointers = 127;

/** A name read from a message, and where reading goes on. */
export interface DecodedName {
  readonly name: string;
  readonly end: number;
}

/**
 * Reads a name at `offset`. A compression pointer must point before the piece that holds it, so no chain can loop.
 * @throws SallyportError 'protocol-violation'
 */
export function decodeName(bytes: Uint8Array, offset: number): DecodedName {
  let name = '';
  let lengthBytes = 1;
  let at = offset;
  let pieceStart = offset;
  let end = -1;
  let pointers = 0;
  for (;;) {
    const length = byteAt(bytes, at);
    if (length === 0) return { name, end: end < 0 ? at + 1 : end };
    if (length >= 0xc0) {
      const target = ((length & 0x3f) << 8) | byteAt(bytes, at + 1);
      if (target >= pieceStart) throw malformed('a compression pointer that does not point back');
      if (++pointers > maxPointers) throw malformed('a name of too many pieces');
      if (end < 0) end = at + 2;
      at = pieceStart = target;
      continue;
    }
    if (length > longestLabelBytes) throw malformed('a label of an unknown kind');
    lengthBytes += 1 + length;
    if (lengthBytes > longestNameBytes) throw malformed('a name over 255 bytes');
    if (at + 1 + length > bytes.length) throw malformed('a name that is cut off');
    name += name === '' ? labelText(bytes, at + 1, length) : `.${labelText(bytes, at + 1, length)}`;
    at += 1 + length;
  }
}

/** The bytes of a name, without compression. @throws SallyportError 'protocol-violation' if the text is no name */
export function encodeName(name: string): Uint8Array {
  const labels = nameLabels(name).map(labelBytes);
  const bytes = new Uint8Array(labels.reduce((sum, label) => sum + 1 + label.length, 1));
  if (bytes.length > longestNameBytes) throw malformed('a name over 255 bytes');
  let at = 0;
  for (const label of labels) {
    bytes[at] = label.length;
    bytes.set(label, at + 1);
    at += 1 + label.length;
  }
  return bytes;
}

/** The one text form of a name that a person or a provider wrote (a dot at the end is dropped), undefined if it is none. */
export function parseName(text: string): string | undefined {
  if (text === '.' || text === '') return text === '.' ? '' : undefined;
  const bare = hasFinalDot(text) ? text.slice(0, -1) : text;
  try {
    return decodeName(encodeName(bare), 0).name;
  } catch {
    return undefined;
  }
}

/** The form to compare by: ASCII letters in lower case. */
export function lowerName(name: string): string {
  // Only ASCII can stand in a name's text; everything else is escaped.
  return name.toLowerCase();
}

/** Labels of a name, leftmost first, still escaped; none for the root. */
export function nameLabels(name: string): string[] {
  if (name === '') return [];
  if (!name.includes('\\')) return name.split('.');
  const labels: string[] = [];
  let start = 0;
  for (let i = 0; i < name.length; i++) {
    if (name[i] === '\\') i += 1;
    else if (name[i] === '.') {
      labels.push(name.slice(start, i));
      start = i + 1;
    }
  }
  labels.push(name.slice(start));
  return labels;
}

/** The name without its leftmost label; undefined for the root. */
export function parentName(name: string): string | undefined {
  if (name === '') return undefined;
  if (name.includes('\\')) return nameLabels(name).slice(1).join('.');
  const dot = name.indexOf('.');
  return dot < 0 ? '' : name.slice(dot + 1);
}

/** Whether a name is `ancestor` or lies below it. Both in lower case. */
export function isWithin(name: string, ancestor: string): boolean {
  if (ancestor === '' || name === ancestor) return true;
  if (!name.endsWith(ancestor) || name[name.length - ancestor.length - 1] !== '.') return false;
  if (!name.includes('\\')) return true;
  const depth = nameLabels(ancestor).length;
  return nameLabels(name).slice(-depth).join('.') === ancestor;
}

/** Orders names as RFC 4034 section 6.1 does: by labels from the right, each as lower-case bytes. */
export function compareNames(a: string, b: string): number {
  const left = nameLabels(lowerName(a)).map(labelBytes);
  const right = nameLabels(lowerName(b)).map(labelBytes);
  for (let i = 1; i <= Math.min(left.length, right.length); i++) {
    const order = Buffer.compare(left.at(-i)!, right.at(-i)!);
    if (order !== 0) return order;
  }
  return left.length - right.length;
}

/** The error that every decoder of DNS bytes or text fails with. */
export function malformed(what: string): SallyportError {
  return new SallyportError('protocol-violation', `The DNS data is malformed: ${what}.`);
}

function byteAt(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte === undefined) throw malformed('a name that is cut off');
  return byte;
}

/** Characters that mean something in a master file (RFC 1035 section 5.1), as char codes: " $ ( ) . ; @ \ */
const special = new Set([0x22, 0x24, 0x28, 0x29, 0x2e, 0x3b, 0x40, 0x5c]);

function labelText(bytes: Uint8Array, start: number, length: number): string {
  let text = '';
  for (let i = start; i < start + length; i++) {
    const byte = bytes[i]!;
    if (byte <= 0x20 || byte >= 0x7f) text += `\\${String(byte).padStart(3, '0')}`;
    else text += special.has(byte) ? `\\${String.fromCharCode(byte)}` : String.fromCharCode(byte);
  }
  return text;
}

function labelBytes(label: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < label.length; i++) {
    let code = label.charCodeAt(i);
    if (code === 0x5c) {
      const digits = /^\d{3}/.exec(label.slice(i + 1))?.[0];
      code = digits === undefined ? label.charCodeAt(i + 1) : Number(digits);
      i += digits === undefined ? 1 : 3;
      if (!(code <= 0xff)) throw malformed('an escape that stands for no byte');
    } else if (code <= 0x20 || code >= 0x7f) {
      throw malformed('a character in a name that would have to be escaped');
    }
    bytes.push(code);
  }
  if (bytes.length === 0) throw malformed('an empty label');
  if (bytes.length > longestLabelBytes) throw malformed('a label over 63 bytes');
  return Uint8Array.from(bytes);
}

/** Whether the last dot is a separator and no escaped character. */
function hasFinalDot(text: string): boolean {
  return text.endsWith('.') && nameLabels(text).at(-1) === '';
}
