// Record data as people, master files and providers write it (RFC 1035 section 5, RFC 3597 section 5), to bytes and
// back. Names inside end with a dot; addresses and strings have one spelling, so texts of equal data are equal.
import { addressBytes, formatAddress } from '#base/net/ip.ts';
import { decodeName, encodeName, malformed, parseName } from './dns-name.ts';
import { recordTypes as type, typeNumber } from './dns-numbers.ts';
import { decodeRecordData } from './dns-record-data.ts';

/** One field of a record's text. */
type Field = 'a' | 'aaaa' | 'name' | 'u8' | 'u16' | 'u32' | 'strings' | 'tag' | 'value' | 'hex';

const fieldsOf: ReadonlyMap<number, readonly Field[]> = new Map<number, readonly Field[]>([
  [type.A, ['a']],
  [type.AAAA, ['aaaa']],
  [type.NS, ['name']],
  [type.CNAME, ['name']],
  [type.PTR, ['name']],
  [type.DNAME, ['name']],
  [type.SOA, ['name', 'name', 'u32', 'u32', 'u32', 'u32', 'u32']],
  [type.MX, ['u16', 'name']],
  [type.TXT, ['strings']],
  [type.SRV, ['u16', 'u16', 'u16', 'name']],
  [type.CAA, ['u8', 'tag', 'value']],
  [type.TLSA, ['u8', 'u8', 'u8', 'hex']],
  [type.SSHFP, ['u8', 'u8', 'hex']],
  [type.DS, ['u16', 'u8', 'u8', 'hex']],
]);

/** The text of record data: `203.0.113.7`, `10 mail.example.com.`, `"v=spf1 -all"`, `\# 4 0a000001` for unknown types. */
export function formatRecordData(recordType: number, data: Uint8Array): string {
  const fields = fieldsOf.get(recordType);
  if (!fields || data.length === 0) return genericText(data);
  const words: string[] = [];
  let at = 0;
  for (const field of fields) {
    const { text, end } = formatField(field, data, at);
    words.push(text);
    at = end;
  }
  return words.join(' ');
}

/** The bytes of record data written as text. @throws SallyportError 'protocol-violation' naming what is wrong */
export function parseRecordData(recordType: number, text: string): Uint8Array {
  const words = splitWords(text);
  if (words[0]?.text === '\\#' && !words[0].isQuoted) return checked(recordType, parseGeneric(words));
  const fields = fieldsOf.get(recordType);
  if (!fields) throw malformed('a record of this type must be written as "\\# length hex"');
  const pieces: Uint8Array[] = [];
  let at = 0;
  for (const field of fields) {
    const takesRest = field === 'strings' || field === 'hex';
    const taken = takesRest ? words.slice(at) : words.slice(at, at + 1);
    if (taken.length === 0) throw malformed(`"${text}" has too few parts`);
    pieces.push(...parseField(field, taken));
    at += taken.length;
  }
  if (at !== words.length) throw malformed(`"${text}" has too many parts`);
  return checked(recordType, Uint8Array.from(pieces.flatMap((piece) => [...piece])));
}

/** The one spelling of a record's text, for comparing what providers say with what we want; unknown types stay as they are. */
export function normalRecordText(typeText: string, text: string): string {
  const recordType = typeNumber(typeText);
  if (recordType === undefined || !fieldsOf.has(recordType)) return text.trim();
  return formatRecordData(recordType, parseRecordData(recordType, text));
}

/** The strings of TXT data, in order. */
export function textStrings(data: Uint8Array): Uint8Array[] {
  const strings: Uint8Array[] = [];
  for (let at = 0; at < data.length; at += 1 + data[at]!)
    strings.push(data.subarray(at + 1, at + 1 + data[at]!));
  return strings;
}

/** TXT text for a value of any length: quoted, cut into strings of 255 bytes (RFC 1035 section 3.3.14). */
export function quoteText(value: string): string {
  const bytes = Buffer.from(value, 'utf8');
  const strings: string[] = [];
  for (let at = 0; at === 0 || at < bytes.length; at += 255)
    strings.push(quoted(bytes.subarray(at, at + 255)));
  return strings.join(' ');
}

/** The value of TXT text: its strings joined, as readers of SPF, ACME and our markers do. @throws as parseRecordData */
export function unquoteText(text: string): string {
  return Buffer.concat(textStrings(parseRecordData(type.TXT, text))).toString('utf8');
}

function checked(recordType: number, data: Uint8Array): Uint8Array {
  return decodeRecordData(recordType, data, 0, data.length);
}

function genericText(data: Uint8Array): string {
  const hex = Buffer.from(data).toString('hex');
  return hex === '' ? '\\# 0' : `\\# ${data.length} ${hex}`;
}

function parseGeneric(words: readonly Word[]): Uint8Array {
  const hex = words
    .slice(2)
    .map(({ text }) => text)
    .join('');
  const bytes = hexBytes(hex);
  if (Number(words[1]?.text) !== bytes.length)
    throw malformed('generic record data of another length than it says');
  return bytes;
}

function hexBytes(hex: string): Uint8Array {
  if (!/^([0-9a-f]{2})*$/i.test(hex)) throw malformed('hexadecimal digits that are none');
  return new Uint8Array(Buffer.from(hex, 'hex'));
}

function formatField(field: Field, data: Uint8Array, at: number): { text: string; end: number } {
  switch (field) {
    case 'a':
      return { text: data.subarray(at, at + 4).join('.'), end: at + 4 };
    case 'aaaa':
      return { text: formatV6(data.subarray(at, at + 16)), end: at + 16 };
    case 'name': {
      const { name, end } = decodeName(data, at);
      return { text: `${name}.`, end };
    }
    case 'u8':
      return { text: String(data[at]), end: at + 1 };
    case 'u16':
      return { text: String((data[at]! << 8) | data[at + 1]!), end: at + 2 };
    case 'u32':
      return { text: String(Buffer.from(data.buffer, data.byteOffset + at, 4).readUInt32BE()), end: at + 4 };
    case 'tag':
      return {
        text: Buffer.from(data.subarray(at + 1, at + 1 + data[at]!)).toString('latin1'),
        end: at + 1 + data[at]!,
      };
    case 'value':
      return { text: quoted(data.subarray(at)), end: data.length };
    case 'hex':
      return { text: Buffer.from(data.subarray(at)).toString('hex'), end: data.length };
    case 'strings':
      return { text: textStrings(data.subarray(at)).map(quoted).join(' '), end: data.length };
  }
}

function parseField(field: Field, words: readonly Word[]): Uint8Array[] {
  const { text } = words[0]!;
  switch (field) {
    case 'a':
    case 'aaaa': {
      const bytes = addressBytes(text);
      if (!bytes || text.includes(':') !== (field === 'aaaa') || /[[\]%]/.test(text)) {
        throw malformed(`"${text}" is no ${field === 'a' ? 'IPv4' : 'IPv6'} address`);
      }
      return [field === 'a' ? bytes.slice(12) : bytes];
    }
    case 'name': {
      const name = parseName(text);
      if (name === undefined) throw malformed(`"${text}" is no name`);
      return [encodeName(name)];
    }
    case 'u8':
    case 'u16':
    case 'u32':
      return [number(text, Number(field.slice(1)))];
    case 'tag':
      return [prefixed(Buffer.from(text, 'latin1'))];
    case 'value':
      return [unescaped(text)];
    case 'hex':
      return [hexBytes(words.map((word) => word.text).join(''))];
    case 'strings':
      return words.map((word) => prefixed(unescaped(word.text)));
  }
}

function number(text: string, bits: number): Uint8Array {
  const value = Number(text);
  if (!/^\d{1,10}$/.test(text) || value >= 2 ** bits)
    throw malformed(`"${text}" is no number of ${bits} bits`);
  const bytes = Buffer.alloc(bits / 8);
  bytes.writeUIntBE(value, 0, bits / 8);
  return bytes;
}

function prefixed(bytes: Uint8Array): Uint8Array {
  if (bytes.length > 255) throw malformed('a string over 255 bytes');
  return Uint8Array.of(bytes.length, ...bytes);
}

/** RFC 5952, also for the mapped range that formatAddress writes as IPv4. */
function formatV6(bytes: Uint8Array): string {
  const text = formatAddress(bytes);
  return text.includes(':') ? text : `::ffff:${text}`;
}

/** A quoted character string; bytes that are not printable as \DDD. */
function quoted(bytes: Uint8Array): string {
  let text = '"';
  for (const byte of bytes) {
    if (byte === 0x22 || byte === 0x5c) text += `\\${String.fromCharCode(byte)}`;
    else
      text += byte < 0x20 || byte > 0x7e ? `\\${String(byte).padStart(3, '0')}` : String.fromCharCode(byte);
  }
  return `${text}"`;
}

interface Word {
  /** Still escaped. */
  readonly text: string;
  readonly isQuoted: boolean;
}

/** Words separated by blanks, or quoted; a backslash takes the next character with it. */
function splitWords(text: string): Word[] {
  const words: Word[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\[^])*)"|((?:[^\s"\\]|\\[^])+))/y;
  const trimmed = text.trim();
  while (pattern.lastIndex < trimmed.length) {
    const match = pattern.exec(trimmed);
    if (!match) throw malformed(`"${text}" has a quotation mark without its pair`);
    words.push({ text: match[1] ?? match[2]!, isQuoted: match[1] !== undefined });
  }
  return words;
}

/** Bytes of a string with its escapes resolved; characters outside of ASCII are UTF-8. */
function unescaped(text: string): Uint8Array {
  const bytes: number[] = [];
  for (let i = 0; i < text.length;) {
    const escape = /^\\(\d{3}|[^])/u.exec(text.slice(i, i + 4))?.[1];
    const character = escape ?? String.fromCodePoint(text.codePointAt(i)!);
    if (escape?.length === 3) bytes.push(byteOf(escape));
    else bytes.push(...Buffer.from(character, 'utf8'));
    i += escape === undefined ? character.length : 1 + escape.length;
  }
  return Uint8Array.from(bytes);
}

function byteOf(digits: string): number {
  if (Number(digits) > 255) throw malformed(`the escape \\${digits} stands for no byte`);
  return Number(digits);
}
