// Frames of the tunnel protocol `sallyport/1`: the header and the type numbers. docs/protocol/tunnel.md draws them.
//
//     byte  0        1        2        3        4        5        6        7        8 ...
//          +--------+--------+--------+--------+--------+--------+--------+--------+----------
//          |     payload length (24)  |  type  |           stream id (32)          | payload
//          +--------+--------+--------+--------+--------+--------+--------+--------+----------
//
// All numbers are unsigned and big-endian. The length counts the payload only and is at most 65,536. Stream id 0
// means the connection itself. Pure functions; tunnel-message.ts holds the payloads, tunnel-frame-reader.ts the
// streamed decoder.
import { SallyportError } from '#base/errors.ts';

export const frameHeaderBytes = 8;

/** The longest payload of one frame; longer ones are a protocol error at the header, before anything is stored. */
export const maxPayloadBytes = 65_536;

/**
 * Every type of frame. 0x00-0x0f concern the connection (stream id 0), 0x10-0x1f one stream; from 0x80 on are extensions
 * that both ends must have named (they concern the connection, too).
 */
export const frameTypes = {
  HELLO: 0x01,
  AUTH: 0x02,
  WELCOME: 0x03,
  CLOSE: 0x04,
  PING: 0x05,
  PONG: 0x06,
  DRAIN: 0x07,
  DRAIN_ACK: 0x08,
  RULES: 0x09,
  RULES_ACK: 0x0a,
  OPEN: 0x10,
  OPENED: 0x11,
  DATA: 0x12,
  FIN: 0x13,
  RESET: 0x14,
  CREDIT: 0x15,
  CONFIG: 0x80,
  CONFIG_ACK: 0x81,
  PROBE: 0x82,
  PROBE_RESULT: 0x83,
} as const;

export type FrameName = keyof typeof frameTypes;

/** Types from here on are for extensions: a receiver that does not know one skips it. */
export const firstOptionalType = 0x80;

export interface FrameHeader {
  readonly payloadBytes: number;
  readonly type: number;
  readonly streamId: number;
}

const names = new Map<number, FrameName>(
  Object.entries(frameTypes).map(([name, type]) => [type, name as FrameName]),
);

/** The name of a frame type, for messages; `type 0x7f` where it has none. */
export function frameName(type: number): string {
  return names.get(type) ?? `type 0x${type.toString(16).padStart(2, '0')}`;
}

/** Whether a frame of this type belongs to a stream (its id must not be 0) rather than to the connection. */
export function isStreamType(type: number): boolean {
  return type >= frameTypes.OPEN && type <= frameTypes.CREDIT;
}

/** Writes a header at `offset`. Hot: six stores, no object. */
export function writeFrameHeader(
  out: Uint8Array,
  offset: number,
  type: number,
  streamId: number,
  payloadBytes: number,
): void {
  out[offset] = payloadBytes >>> 16;
  out[offset + 1] = payloadBytes >>> 8;
  out[offset + 2] = payloadBytes;
  out[offset + 3] = type;
  out[offset + 4] = streamId >>> 24;
  out[offset + 5] = streamId >>> 16;
  out[offset + 6] = streamId >>> 8;
  out[offset + 7] = streamId;
}

/** Reads a header and checks it as `checkFrameHeader` does. For tests and tools; the reader does the same in place. */
export function decodeFrameHeader(bytes: Uint8Array): FrameHeader {
  if (bytes.length < frameHeaderBytes) throw frameError(`a frame header needs 8 bytes, got ${bytes.length}`);
  const payloadBytes = (bytes[0]! << 16) | (bytes[1]! << 8) | bytes[2]!;
  const type = bytes[3]!;
  const streamId = ((bytes[4]! << 24) | (bytes[5]! << 16) | (bytes[6]! << 8) | bytes[7]!) >>> 0;
  checkFrameHeader(type, streamId, payloadBytes);
  return { payloadBytes, type, streamId };
}

/** Refuses what no frame may be: too long, of an unknown type below 0x80, or on the wrong kind of stream id. */
export function checkFrameHeader(type: number, streamId: number, payloadBytes: number): void {
  if (payloadBytes > maxPayloadBytes) {
    throw frameError(
      `${frameName(type)} has a payload of ${payloadBytes} bytes, more than ${maxPayloadBytes}`,
    );
  }
  if (!names.has(type)) {
    if (type >= firstOptionalType) return;
    throw frameError(`frame of unknown ${frameName(type)}`);
  }
  if (isStreamType(type) === (streamId === 0)) {
    throw frameError(`${frameName(type)} with stream id ${streamId}`);
  }
}

/** One whole frame. For the handshake, tests and tools; a session writes into its output chunks instead. */
export function encodeFrame(type: number, streamId: number, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(frameHeaderBytes + payload.length);
  writeFrameHeader(out, 0, type, streamId, payload.length);
  out.set(payload, frameHeaderBytes);
  return out;
}

/** The one error of the frame decoders. */
export function frameError(what: string): SallyportError {
  return new SallyportError('protocol-violation', `The peer broke the tunnel protocol: ${what}.`);
}
