// Ten codes for the day the phone is lost: each counts once, in place of a code of the app. 80 random bits each, kept as
// SHA-256; in letters and digits that cannot be taken for each other.
import type { Random } from '#base/random.ts';
import { hashSecret, isSameSecret } from './secret.ts';

/** Without i, l, o and u (Crockford): 32 letters, five bits each. */
const alphabet = '0123456789abcdefghjkmnpqrstvwxyz';
const codeCount = 10;
const codeLength = 16;

/** New codes as they are shown once, `4f7k-...`, and what is kept of them. */
export function createRecoveryCodes(random: Random): { readonly codes: string[]; readonly hashes: string[] } {
  const codes = Array.from({ length: codeCount }, () =>
    [...Buffer.from(random.bytes(codeLength))].map((byte) => alphabet[byte & 31]!).join(''),
  );
  return { codes: codes.map((code) => code.match(/.{4}/g)!.join('-')), hashes: codes.map(hashSecret) };
}

/** Whether a text has the form of a recovery code, not that of an app's code. */
export function isRecoveryCodeText(text: string): boolean {
  return plain(text).length === codeLength;
}

/** The hashes that are left when this code is used up; undefined when it is none of them. */
export function useRecoveryCode(hashes: readonly string[], text: string): string[] | undefined {
  const wanted = hashSecret(plain(text));
  const left = hashes.filter((hash) => !isSameSecret(hash, wanted));
  return left.length === hashes.length ? undefined : left;
}

function plain(text: string): string {
  return text.toLowerCase().replace(/[\s-]/g, '').replaceAll('o', '0').replace(/[il]/g, '1');
}
