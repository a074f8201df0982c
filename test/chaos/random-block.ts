// Bytes that look random and come from a seed.
import { createCipheriv } from 'node:crypto';

/** The same bytes for the same seed, on every machine. */
export function randomBlock(seed: number, bytes: number): Buffer {
  const key = Buffer.alloc(16);
  key.writeUInt32BE(seed >>> 0);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}
