// Byte helpers that every room may use, and types for Buffer methods that Node has but its typings leave out.

declare global {
  interface Buffer {
    /** Bytes [start, end) as latin1 text; cheaper than toString, which looks the encoding up. */
    latin1Slice(start?: number, end?: number): string;
    /** Writes latin1 text at `offset`; returns the bytes written. */
    latin1Write(text: string, offset?: number, length?: number): number;
    /** Bytes [start, end) as UTF-8 text. */
    utf8Slice(start?: number, end?: number): string;
    /** Writes UTF-8 text at `offset`; returns the bytes written. */
    utf8Write(text: string, offset?: number, length?: number): number;
  }
}

/** Up to here a loop is quicker than a call out of JavaScript. */
const shortText = 40;

/** Writes latin1 text, for which there is room, at `at`; returns the offset after it. HOT. */
export function putLatin1(out: Buffer, text: string, at: number): number {
  const { length } = text;
  if (length > shortText) return at + out.latin1Write(text, at);
  for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(i);
  return at + length;
}

/** The same of bytes. */
export function putBytes(out: Buffer, bytes: Uint8Array, at: number): number {
  out.set(bytes, at);
  return at + bytes.length;
}

/** Writes a whole number from 0 up in decimal digits; returns the offset after them. HOT: makes no text. */
export function putDecimal(out: Buffer, value: number, at: number): number {
  if (!(value <= 0x7fff_ffff)) return putLatin1(out, String(value), at);
  let width = 1;
  for (let rest = (value / 10) | 0; rest > 0; rest = (rest / 10) | 0) width++;
  let rest = value | 0;
  for (let i = at + width - 1; i >= at; i--) {
    const next = (rest / 10) | 0;
    out[i] = 0x30 + rest - next * 10;
    rest = next;
  }
  return at + width;
}

/** An empty buffer that everyone may share. */
export const noBytes: Buffer = Buffer.alloc(0);
