// The bytes of HTTP/1.1 and what each may be part of, for the parsers that go over a head byte by byte. HOT: a table of
// flags, read once per byte.

export const CR = 0x0d;
export const LF = 0x0a;
export const SP = 0x20;
export const HTAB = 0x09;
export const COLON = 0x3a;

/** Character classes (RFC 9110 section 5.6.2 and 5.5, RFC 9112 section 3.2). */
export const isToken = 1;
export const isValue = 2;
export const isTarget = 4;
export const isUpper = 8;
/** Marks what CGI-style origins fold into `-`: most know `_` and `.`, lighttpd takes whatever is no letter or digit. */
export const isAlias = 16;
export const classes = buildClasses();

function buildClasses(): Uint8Array {
  const table = new Uint8Array(256);
  for (let byte = 0x21; byte <= 0x7e; byte++) {
    table[byte]! |= isValue;
    if (byte !== 0x23) table[byte]! |= isTarget; // '#' never travels in a target (RFC 9112 section 3.2)
  }
  for (let byte = 0x80; byte <= 0xff; byte++) table[byte]! |= isValue;
  table[SP]! |= isValue;
  table[HTAB]! |= isValue;
  for (const char of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz")
    table[char.charCodeAt(0)]! |= isToken;
  for (const char of 'ABCDEFGHIJKLMNOPQRSTUVWXYZ') table[char.charCodeAt(0)]! |= isToken | isUpper;
  for (const char of "!#$%&'*+.^_`|~") table[char.charCodeAt(0)]! |= isAlias;
  return table;
}
