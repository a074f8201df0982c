// What the payload codecs of the tunnel protocol share: lengths, flags and text (docs/protocol/tunnel.md, section "Frames").
import { frameError } from './tunnel-frame.ts';

/** The longest text for people in one frame; a longer one is cut by its sender and refused by its receiver. */
export const textLimitBytes = 1024;

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Checks the payload of a frame that must have exactly `byteCount` bytes (PING, PONG, FIN, ...). */
export function needExactly(name: string, payload: Uint8Array, byteCount: number): void {
  if (payload.length !== byteCount) {
    throw frameError(`${name} has ${payload.length} payload bytes, ${byteCount} expected`);
  }
}

/** Refuses a payload shorter than its fixed part. */
export function needAtLeast(name: string, payload: Uint8Array, byteCount: number): void {
  if (payload.length < byteCount) {
    throw frameError(`${name} has ${payload.length} payload bytes, at least ${byteCount} expected`);
  }
}

/** A byte that is 0 or 1. */
export function flag(name: string, byte: number): boolean {
  if (byte > 1) throw frameError(`${name} has a flag of ${byte}, 0 or 1 expected`);
  return byte === 1;
}

/** Text, or `frameError` when it is not UTF-8. */
export function utf8Text(name: string, bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw frameError(`${name} holds text that is not UTF-8`);
  }
}

/** The longest prefix of at most `limit` bytes that does not cut a character. */
export function utf8Floor(bytes: Uint8Array, limit: number): number {
  if (bytes.length <= limit) return bytes.length;
  let end = limit;
  while (end > 0 && (bytes[end]! & 0xc0) === 0x80) end -= 1;
  return end;
}
