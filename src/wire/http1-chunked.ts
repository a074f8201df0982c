// The chunked transfer coding (RFC 9112 section 7.1): a decoder that takes bytes as they come and hands the data
// through as views, and the few bytes an encoder needs. Strict: CRLF only, hexadecimal sizes without sign or prefix,
// extensions read over but bounded, trailers parsed by the same rules as header fields.
import { Http1Error } from './http1-error.ts';
import { findHeadEnd } from './http1-head-end.ts';
import { Http1Head } from './http1-head.ts';
import type { HeadLimits } from './http1-head-end.ts';
import { noBytes } from '#base/bytes.ts';

const CR = 0x0d;
const LF = 0x0a;

/** Extensions of one chunk may be this long; nobody uses them but attackers. */
const maxExtensionBytes = 256;
/** Extensions of a whole body may be longer than its data by this much: a byte of data must not cost hundreds to read. */
const maxExcessBytes = 16_384;
/** Trailer section of one message. */
const trailerLimits: HeadLimits = { headBytes: 8192, targetBytes: 0, fields: 64 };
/** RFC 9112 section 7.1.1, without the white space it tolerates: `;name`, `;name=token`, `;name="text"`. */
const extensionPattern =
  /^(;[!#$%&'*+.^_`|~0-9A-Za-z-]+(=([!#$%&'*+.^_`|~0-9A-Za-z-]+|"([\t !#-[\]-~\x80-\xff]|\\[\t -~\x80-\xff])*"))?)+$/;
/** A chunk size has at most this many digits: 2^48 bytes. */
const maxSizeDigits = 12;

type State = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailers' | 'done';

/** Fields that would change framing or routing may not stand in trailers (RFC 9110 section 6.5.1). */
const forbiddenTrailers = new Set([
  'content-length',
  'transfer-encoding',
  'host',
  'connection',
  'upgrade',
  'expect',
  'te',
  'trailer',
  'content-encoding',
  'content-type',
  'content-range',
  'authorization',
  'set-cookie',
]);

/** Decodes one message body; make a new state with `reset` for the next. */
export class ChunkedDecoder {
  /** Parsed trailer fields, null while there are none. */
  trailers: Http1Head | null = null;
  #state: State = 'size';
  #size = 0;
  #digits = 0;
  /** What has come of the present chunk's extensions, semicolon included. */
  #extension = '';
  /** By how much the extensions so far outweigh the data. */
  #excessBytes = 0;
  #trailerBytes: Buffer = noBytes;
  readonly #role: 'request' | 'response';

  /** `role`: whose trailers these are; a request may not smuggle identity fields into them. */
  constructor(role: 'request' | 'response') {
    this.#role = role;
  }

  get isDone(): boolean {
    return this.#state === 'done';
  }

  reset(): void {
    this.#state = 'size';
    this.#size = 0;
    this.#digits = 0;
    this.#excessBytes = 0;
    this.trailers = null;
    this.#trailerBytes = noBytes;
  }

  /**
   * Decodes from `offset`, calling `onData` with each run of body bytes (a view of `source`).
   * @returns offset of the first byte not consumed; less than the length only when the body is done
   * @throws Http1Error
   */
  decode(source: Buffer, offset: number, onData: (data: Buffer) => void): number {
    let at = offset;
    while (at < source.length && this.#state !== 'done') {
      if (this.#state === 'data') {
        const end = Math.min(source.length, at + this.#size);
        this.#size -= end - at;
        if (this.#size === 0) this.#state = 'data-cr';
        onData(source.subarray(at, end));
        at = end;
      } else if (this.#state === 'trailers') {
        at = this.#readTrailers(source, at);
      } else {
        this.#step(source[at++]!);
      }
    }
    return at;
  }

  /** One byte of framing. */
  #step(byte: number): void {
    switch (this.#state) {
      case 'size':
        return this.#sizeByte(byte);
      case 'extension':
        return this.#extensionByte(byte);
      case 'size-lf':
        expectByte(byte, LF);
        this.#state = this.#size === 0 ? 'trailers' : 'data';
        return;
      case 'data-cr':
        expectByte(byte, CR);
        this.#state = 'data-lf';
        return;
      case 'data-lf':
        expectByte(byte, LF);
        this.#state = 'size';
        this.#digits = 0;
        this.#size = 0;
        return;
      default:
    }
  }

  #extensionByte(byte: number): void {
    if (byte !== CR) {
      this.#extension += String.fromCharCode(byte);
      if (byte !== LF && this.#extension.length <= maxExtensionBytes) return;
    } else if (extensionPattern.test(this.#extension)) {
      this.#state = 'size-lf';
      this.#excessBytes = Math.max(0, this.#excessBytes + this.#extension.length - this.#size);
      if (this.#excessBytes <= maxExcessBytes) return;
    }
    throw new Http1Error('bad-request', 'a chunk extension that is too long or malformed');
  }

  #sizeByte(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > maxSizeDigits)
        throw new Http1Error('bad-request', 'a chunk size that is too large');
      this.#size = this.#size * 16 + digit;
      return;
    }
    if (this.#digits === 0) throw new Http1Error('bad-request', 'a chunk without a size');
    if (byte === CR) this.#state = 'size-lf';
    else if (byte === 0x3b) {
      this.#extension = ';';
      this.#state = 'extension';
    } else throw new Http1Error('bad-request', 'a malformed chunk size');
  }

  /** The trailer section ends with an empty line; mostly it is nothing but that. */
  #readTrailers(source: Buffer, offset: number): number {
    const before = this.#trailerBytes.length;
    if (before === 0 && source[offset] === CR && source[offset + 1] === LF) {
      this.#state = 'done';
      return offset + 2;
    }
    // Gathered with a leading CRLF, so that an empty section also ends in the CRLF CRLF that findHeadEnd looks for.
    const gathered = Buffer.concat([
      before === 0 ? leadingLineEnd : this.#trailerBytes,
      source.subarray(offset),
    ]);
    const end = findHeadEnd(gathered, 0, before, trailerLimits);
    if (end < 0) {
      this.#trailerBytes = gathered;
      return source.length;
    }
    if (end > 4) this.trailers = parseTrailers(gathered, 2, this.#role);
    this.#state = 'done';
    return source.length - (gathered.length - end);
  }
}

function parseTrailers(source: Buffer, offset: number, role: 'request' | 'response'): Http1Head {
  const head = new Http1Head(trailerLimits);
  head.reset(source);
  head.readFields(offset, role);
  head.forEach((name) => {
    if (forbiddenTrailers.has(name.toLowerCase()))
      throw new Http1Error('bad-request', `${name} in a trailer`);
  });
  return head;
}

function expectByte(byte: number, wanted: number): void {
  if (byte !== wanted) throw new Http1Error('bad-request', 'a chunk that does not end where its size says');
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** `size CRLF` in hexadecimal, to stand before `byteCount` bytes of data and a CRLF. */
export function chunkHeader(byteCount: number): string {
  return `${byteCount.toString(16)}\r\n`;
}

/** What follows a chunk's data. */
export const chunkEnd = Buffer.from('\r\n');
/** The last chunk with an empty trailer section. */
export const lastChunk = Buffer.from('0\r\n\r\n');

const leadingLineEnd = Buffer.from('\r\n');
