// HTTP/2 frames by hand (RFC 9113 section 4.1), for tests that say what no proper client would: half header blocks,
// windows of zero, floods.

/** Frame types, RFC 9113 section 6. */
export const frameTypes = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

export const frameFlags = { endStream: 1, ack: 1, endHeaders: 4 } as const;

export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

export const clientPreface: Buffer = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** Length (24), type (8), flags (8), R and stream (32), payload. */
export function encodeFrame(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const out = Buffer.alloc(9 + payload.length);
  out.writeUIntBE(payload.length, 0, 3);
  out[3] = type;
  out[4] = flags;
  out.writeUInt32BE(stream, 5);
  out.set(payload, 9);
  return out;
}

/** A 32-bit payload: an error code, a window increment. */
export function word(value: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(value >>> 0);
  return out;
}

/** One setting: identifier (16), value (32). */
export function setting(id: number, value: number): Buffer {
  const out = Buffer.alloc(6);
  out.writeUInt16BE(id);
  out.writeUInt32BE(value, 2);
  return out;
}

/** A header block of literals without indexing (RFC 7541 section 6.2.2), which needs no state. */
export function headerBlock(fields: ReadonlyArray<readonly [string, string]>): Buffer {
  const parts: Buffer[] = [];
  for (const [name, value] of fields) parts.push(Buffer.from([0]), hpackString(name), hpackString(value));
  return Buffer.concat(parts);
}

/** The header block of a plain GET. */
export function getBlock(authority: string, path = '/'): Buffer {
  return headerBlock([
    [':method', 'GET'],
    [':scheme', 'https'],
    [':authority', authority],
    [':path', path],
  ]);
}

/** String literal without Huffman coding; lengths as 7-bit prefix integers (RFC 7541 section 5.1). */
function hpackString(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1');
  const length: number[] = [];
  if (bytes.length < 127) length.push(bytes.length);
  else {
    length.push(127);
    let rest = bytes.length - 127;
    for (; rest >= 128; rest >>>= 7) length.push((rest & 127) | 128);
    length.push(rest);
  }
  return Buffer.concat([Buffer.from(length), bytes]);
}

/** Cuts a byte stream into frames. */
export class FrameReader {
  #pending: Buffer = Buffer.alloc(0);

  push(chunk: Buffer): Http2Frame[] {
    this.#pending = Buffer.concat([this.#pending, chunk]);
    const frames: Http2Frame[] = [];
    while (this.#pending.length >= 9) {
      const end = 9 + this.#pending.readUIntBE(0, 3);
      if (this.#pending.length < end) break;
      frames.push({
        type: this.#pending[3]!,
        flags: this.#pending[4]!,
        stream: this.#pending.readUInt32BE(5),
        payload: this.#pending.subarray(9, end),
      });
      this.#pending = this.#pending.subarray(end);
    }
    return frames;
  }
}
