// Codes that change every 30 seconds (TOTP, RFC 6238, over HOTP, RFC 4226): HMAC-SHA-1 and six digits, which is what every
// authenticator app takes. Pure: time is an argument.
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Random } from '#base/random.ts';

const periodMs = 30_000;
const digits = 6;
/** RFC 4226, section 4, R6: 160 bits. */
const secretBytes = 20;
/** A clock may be one step off (RFC 6238, section 5.2). */
const windowSteps = 1;
const base32Alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** A new secret, in base32. */
export function createTotpSecret(random: Random): string {
  return encodeBase32(Buffer.from(random.bytes(secretBytes)));
}

/** The code of a moment. */
export function totpCode(secret: string, nowMs: number): string {
  return hotpCode(decodeBase32(secret), Math.floor(nowMs / periodMs));
}

/**
 * The step that a code is of, among those around now and after `lastStep`; undefined when it is none of them. Keep the step
 * as the next `lastStep`: then the code counts once.
 */
export function matchTotp(
  secret: string,
  { code, nowMs, lastStep }: { readonly code: string; readonly nowMs: number; readonly lastStep: number },
): number | undefined {
  const key = decodeBase32(secret);
  const given = Buffer.from(code.replace(/\s/g, ''));
  if (given.length !== digits) return undefined;
  const present = Math.floor(nowMs / periodMs);
  let matched: number | undefined;
  for (let step = present - windowSteps; step <= present + windowSteps; step++) {
    if (timingSafeEqual(Buffer.from(hotpCode(key, step)), given) && step > lastStep) matched = step;
  }
  return matched;
}

/** What the QR code holds (the key URI format that authenticator apps share). */
export function totpUri(
  secret: string,
  { issuer, account }: { readonly issuer: string; readonly account: string },
): string {
  const label = `${encodeURIComponent(issuer)}:${encodeURIComponent(account)}`;
  return `otpauth://totp/${label}?secret=${secret}&issuer=${encodeURIComponent(issuer)}&algorithm=SHA1&digits=${digits}&period=30`;
}

/** RFC 4226, section 5.3. */
export function hotpCode(key: Buffer, counter: number): string {
  const message = Buffer.alloc(8);
  message.writeBigUInt64BE(BigInt(counter));
  const hash = createHmac('sha1', key).update(message).digest();
  const offset = hash[hash.length - 1]! & 0x0f;
  const number = hash.readUInt32BE(offset) & 0x7fff_ffff;
  return String(number % 10 ** digits).padStart(digits, '0');
}

/** RFC 4648, section 6, without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = '';
  let held = 0;
  let heldBits = 0;
  for (const byte of bytes) {
    held = (held << 8) | byte;
    heldBits += 8;
    for (; heldBits >= 5; heldBits -= 5) text += base32Alphabet[(held >>> (heldBits - 5)) & 31]!;
    held &= 0xff;
  }
  return heldBits === 0 ? text : text + base32Alphabet[(held << (5 - heldBits)) & 31]!;
}

function decodeBase32(text: string): Buffer {
  const bytes: number[] = [];
  let held = 0;
  let heldBits = 0;
  for (const letter of text) {
    held = ((held << 5) | base32Alphabet.indexOf(letter)) & 0xfff;
    heldBits += 5;
    if (heldBits < 8) continue;
    heldBits -= 8;
    bytes.push((held >>> heldBits) & 0xff);
  }
  return Buffer.from(bytes);
}
