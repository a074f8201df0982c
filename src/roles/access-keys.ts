// The secrets of access at this edge, in a file of the data folder that is made at the first start: what signs cookies and
// hand-overs, and the key with which assertions to origins are signed. Without it everybody signs in again.
import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import { createFile } from '#base/private-file.ts';
import type { Random } from '#base/random.ts';
import { AssertionSigner } from '#edge/access/assertion.ts';

export interface AccessKeys {
  /** 32 bytes; signs cookies and hand-overs. */
  readonly passageKey: Uint8Array;
  readonly assertions: AssertionSigner;
}

const fileName = 'access.key';
const passageKeyBytes = 32;

const fileSchema = z.strictObject({
  passageKey: z.string().length(44),
  /** PKCS #8 in PEM, P-256. */
  assertionKey: z.string(),
});

/** Reads or makes them. @throws SallyportError 'credentials-invalid' or of the file */
export function openAccessKeys(dataDir: string, random: Random): AccessKeys {
  const file = join(dataDir, fileName);
  if (!existsSync(file)) makeFile(file, random);
  try {
    if (process.platform !== 'win32' && (statSync(file).mode & 0o077) !== 0)
      throw new Error(`it can be read by others; run "chmod 600 ${file}"`);
    const { passageKey, assertionKey } = fileSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    const key = createPrivateKey(assertionKey);
    const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
    const keyId = createHash('sha256').update(spki).digest('base64url').slice(0, 16);
    return {
      passageKey: new Uint8Array(Buffer.from(passageKey, 'base64')),
      assertions: new AssertionSigner(key, keyId),
    };
  } catch (error) {
    throw new SallyportError(
      'credentials-invalid',
      `${file} is no usable key file (${errorText(error)}); put back the copy of your backup, or remove it and everybody signs in again.`,
      { cause: error },
    );
  }
}

function makeFile(file: string, random: Random): void {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const text = JSON.stringify({
    passageKey: Buffer.from(random.bytes(passageKeyBytes)).toString('base64'),
    assertionKey: privateKey.export({ type: 'pkcs8', format: 'pem' }),
  });
  createFile(file, `${text}\n`, 0o600);
}
