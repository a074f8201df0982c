// Writing DER (X.690), just what a certificate needs. Pure functions: values in, bytes out, nothing is ever parsed
// here; reading certificates is left to node:crypto.

/** Tag, length (short or long form), value. */
export function tlv(tag: number, value: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([tag]), encodeLength(value.length), value]);
}

/** SEQUENCE of the parts, in order. */
export function sequence(...parts: readonly Uint8Array[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

/** SET with one member (sets of several would have to be sorted). */
export function setOf(part: Uint8Array): Buffer {
  return tlv(0x31, part);
}

/** INTEGER from big-endian bytes of a positive number; a leading zero is added where the top bit is set. */
export function positiveInteger(bytes: Uint8Array): Buffer {
  return tlv(0x02, bytes[0]! & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** OBJECT IDENTIFIER from its dotted form. */
export function objectIdentifier(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return tlv(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(base128)]));
}

/** BIT STRING of whole bytes, or with `unusedBits` at the end of the last. */
export function bitString(bytes: Uint8Array, unusedBits = 0): Buffer {
  return tlv(0x03, Buffer.concat([Buffer.from([unusedBits]), bytes]));
}

export function octetString(bytes: Uint8Array): Buffer {
  return tlv(0x04, bytes);
}

export function utf8String(text: string): Buffer {
  return tlv(0x0c, Buffer.from(text, 'utf8'));
}

export const booleanTrue: Buffer = tlv(0x01, Buffer.from([0xff]));

/** Time in whole seconds: UTCTime to 2049, GeneralizedTime after (RFC 5280 section 4.1.2.5). */
export function time(wallMs: number): Buffer {
  const text = new Date(wallMs).toISOString().replaceAll(/[-:T]|\..*/g, '');
  const isUtcTime = Number(text.slice(0, 4)) < 2050;
  return isUtcTime ? tlv(0x17, Buffer.from(`${text.slice(2)}Z`)) : tlv(0x18, Buffer.from(`${text}Z`));
}

function encodeLength(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest = Math.floor(rest / 256)) bytes.unshift(rest & 0xff);
  return Buffer.from([0x80 | bytes.length, ...bytes]);
}

/** Seven bits a byte, most significant first, the top bit set on all but the last (X.690 section 8.19.2). */
function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}
