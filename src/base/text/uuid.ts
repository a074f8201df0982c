// Random ids of ours: UUIDs of version 4 (RFC 9562, section 5.4), lower-case.
import type { Random } from '../random.ts';

/** A new id. */
export function createUuid(random: Random): string {
  const bytes = Buffer.from(random.bytes(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
}
