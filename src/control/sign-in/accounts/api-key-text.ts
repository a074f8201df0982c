// The text of an API key:
//
//   sp_ 4fKq...  (43 characters of base62: 256 random bits)  8xY2pQ  (6 characters of base62: CRC-32 of what stands before)
//
// The prefix lets scanners of repositories and logs know a leaked key for what it is, and the checksum tells a typo from a
// revoked key without asking anybody.
import { crc32 } from 'node:zlib';
import type { Random } from '#base/random.ts';

const alphabet = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const opening = 'sp_';
/** ceil(256 / log2(62)). */
const secretLength = 43;
/** ceil(32 / log2(62)). */
const checksumLength = 6;
const shape = new RegExp(`^${opening}[0-9A-Za-z]{${secretLength + checksumLength}}$`);

/** A new key. */
export function createApiKeyText(random: Random): string {
  const secret = base62(BigInt(`0x${Buffer.from(random.bytes(32)).toString('hex')}`), secretLength);
  return `${opening}${secret}${checksum(`${opening}${secret}`)}`;
}

/** Whether the text is a whole key without a typo; it may still be unknown. */
export function isApiKeyText(text: string): boolean {
  return shape.test(text) && checksum(text.slice(0, -checksumLength)) === text.slice(-checksumLength);
}

/** `sp_` and eight characters, by which people know a key again. */
export function apiKeyPrefix(text: string): string {
  return text.slice(0, opening.length + 8);
}

function checksum(text: string): string {
  return base62(BigInt(crc32(text)), checksumLength);
}

function base62(value: bigint, length: number): string {
  let text = '';
  for (let rest = value; rest > 0n; rest /= 62n) text = alphabet[Number(rest % 62n)]! + text;
  return text.padStart(length, '0');
}
