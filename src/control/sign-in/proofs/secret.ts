// Secrets that are handed out once: 256 random bits as text, kept as their SHA-256. A slow hash would guard nothing,
// because nobody guesses 256 bits.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { Random } from '#base/random.ts';

/** A new secret: 43 characters of base64url. */
export function createSecret(random: Random): string {
  return Buffer.from(random.bytes(32)).toString('base64url');
}

/** base64url of the SHA-256 of a secret, 43 characters: what is kept of it. */
export function hashSecret(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Whether two texts are the same, in a time that does not tell where they differ. */
export function isSameSecret(a: string, b: string): boolean {
  // Digests have one length, which timingSafeEqual asks for.
  const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
  return timingSafeEqual(digest(a), digest(b));
}
