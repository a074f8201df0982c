// WebSocket frames (RFC 6455 section 5.2) as bytes, for streams that the ws package cannot be put on: an HTTP/2 stream,
// or an origin that must write its first frame together with its 101.
import { createHash } from 'node:crypto';

export const textFrame = 0x1;
export const binaryFrame = 0x2;
export const closeFrame = 0x8;

/** One frame that ends its message. A client's is masked, by zeros, which leaves the payload as it is. */
export function webSocketFrame(opcode: number, payload: Uint8Array, isClient: boolean): Buffer {
  const mask = isClient ? 0x80 : 0;
  let head: Buffer;
  if (payload.length < 126) {
    head = Buffer.from([0x80 | opcode, mask | payload.length]);
  } else if (payload.length < 65_536) {
    head = Buffer.from([0x80 | opcode, mask | 126, 0, 0]);
    head.writeUInt16BE(payload.length, 2);
  } else {
    head = Buffer.alloc(10);
    head[0] = 0x80 | opcode;
    head[1] = mask | 127;
    head.writeUIntBE(payload.length, 4, 6);
  }
  return Buffer.concat([head, isClient ? Buffer.alloc(4) : Buffer.alloc(0), payload]);
}

/** The first whole frame of what a server sent, or undefined when more bytes are needed. */
export function takeServerFrame(
  bytes: Buffer,
): { opcode: number; payload: Buffer; rest: Buffer } | undefined {
  if (bytes.length < 2) return undefined;
  const short = bytes[1]! & 0x7f;
  const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
  if (bytes.length < headBytes) return undefined;
  const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : bytes.readUIntBE(4, 6);
  const end = headBytes + length;
  if (bytes.length < end) return undefined;
  return { opcode: bytes[0]! & 0x0f, payload: bytes.subarray(headBytes, end), rest: bytes.subarray(end) };
}

/** The Sec-WebSocket-Accept value for a client's Sec-WebSocket-Key. */
export function acceptFor(key: string): string {
  return createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64');
}
