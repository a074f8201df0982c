// Secrets that must be read back (a TOTP secret) are sealed at rest: AES-256-GCM under a key that lies in a file of its own,
// so that a copy of the database alone opens nothing.
//
//   sealed text   s1.<key id>.<nonce, 12 bytes>.<ciphertext and tag>    base64url; what it is for is authenticated, too
//   key file      one key a line: base64 of 32 bytes; the first seals, all of them open
import { createCipheriv, createDecipheriv, createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { SallyportError } from '#base/errors.ts';
import { createFileOnce } from '#base/secrets/private-file.ts';
import type { Random } from '#base/random.ts';

/** Seals and opens small secrets. `purpose` names what a secret belongs to (`totp <user id>`): it opens for nothing else. */
export interface Seal {
  seal(secret: string, purpose: string): string;
  /** @throws SallyportError 'store-corrupt' when it was not sealed by a key of the file, for this purpose */
  open(sealed: string, purpose: string): string;
}

const keyBytes = 32;
const nonceBytes = 12;
const tagBytes = 16;

/** The seal of a key file, which is made at the first start. @throws SallyportError 'credentials-invalid' or of the file */
export function openSeal(file: string, random: Random): Seal {
  const text = readKeyFile(file) ?? makeKeyFile(file, random);
  const keys = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .map((line) => Buffer.from(line, 'base64'));
  if (keys.length === 0 || keys.some((key) => key.length !== keyBytes)) {
    throw new SallyportError(
      'credentials-invalid',
      `${file} is no key file: each line must be the base64 of ${keyBytes} bytes; put back the copy of your backup.`,
    );
  }
  return createSeal(keys as [Buffer, ...Buffer[]], random);
}

/** A seal of keys in memory; the first one seals. */
export function createSeal(keys: readonly [Buffer, ...Buffer[]], random: Random): Seal {
  const byId = new Map(keys.map((key) => [keyId(key), key]));
  return {
    seal(secret, purpose) {
      const nonce = Buffer.from(random.bytes(nonceBytes));
      const cipher = createCipheriv('aes-256-gcm', keys[0], nonce).setAAD(Buffer.from(purpose));
      const sealed = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final(), cipher.getAuthTag()]);
      return `s1.${keyId(keys[0])}.${nonce.toString('base64url')}.${sealed.toString('base64url')}`;
    },
    open(sealed, purpose) {
      const [version, id, nonce, body] = sealed.split('.');
      const key = version === 's1' ? byId.get(id ?? '') : undefined;
      if (!key)
        throw unopenable('it was sealed with a key that is not in the key file; put the old key file back');
      try {
        return unseal(key, { nonce: nonce ?? '', body: body ?? '', purpose });
      } catch (error) {
        throw unopenable('it was damaged, or belongs to something else', error);
      }
    },
  };
}

function unseal(
  key: Buffer,
  { nonce, body, purpose }: { readonly nonce: string; readonly body: string; readonly purpose: string },
): string {
  const bytes = Buffer.from(body, 'base64url');
  const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64url'), {
    authTagLength: tagBytes,
  });
  decipher.setAAD(Buffer.from(purpose)).setAuthTag(bytes.subarray(-tagBytes));
  return Buffer.concat([decipher.update(bytes.subarray(0, -tagBytes)), decipher.final()]).toString('utf8');
}

/** Says which key without saying anything about it. */
function keyId(key: Buffer): string {
  return createHash('sha256').update('sallyport key id').update(key).digest('base64url').slice(0, 8);
}

function readKeyFile(file: string): string | undefined {
  try {
    const text = readFileSync(file, 'utf8');
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0) {
      throw new SallyportError(
        'credentials-invalid',
        `${file} can be read by others; run "chmod 600 ${file}".`,
      );
    }
    return text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    if (error instanceof SallyportError) throw error;
    throw new SallyportError('file-unreadable', `The key file ${file} could not be read; check its owner.`, {
      cause: error,
    });
  }
}

function makeKeyFile(file: string, random: Random): string {
  const text = `${Buffer.from(random.bytes(keyBytes)).toString('base64')}\n`;
  // Another edge of this folder may be at its first start, too.
  return createFileOnce(file, text, 0o600) ? text : readKeyFile(file)!;
}

function unopenable(why: string, cause?: unknown): SallyportError {
  return new SallyportError('store-corrupt', `A sealed secret of the store cannot be opened: ${why}.`, {
    cause,
  });
}
