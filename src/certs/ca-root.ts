// One root of the internal CA: its certificate and key, the names it may sign for, and the file it is kept in.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { z } from 'zod';
import { errorText, SallyportError } from '#base/errors.ts';
import { replaceFile } from '#base/secrets/private-file.ts';
import type { Random } from '#base/random.ts';
import { issueRoot } from './x509-issue.ts';

const storedSchema = z.strictObject({
  cert: z.string(),
  key: z.string(),
  names: z.array(z.string()).min(1),
});

/** A root that can sign. */
export interface CaRoot {
  readonly certPem: string;
  readonly key: KeyObject;
  /** The subject's common name, which its leaves name as their issuer. */
  readonly commonName: string;
  /** base64url SHA-256 of the DER, as tokens carry it. */
  readonly pin: string;
  readonly notAfterMs: number;
  /** Whether clients would accept a leaf for this name (`*.` counts as what is below): constraints are theirs to enforce. */
  permits(name: string): boolean;
}

export interface CreateRootOptions {
  /** Written with mode 0600. */
  readonly file: string;
  readonly commonName: string;
  /** Hostnames, `*.` patterns and addresses to be permitted, each with everything below it. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly random: Random;
}

/** Makes a root and keeps it in its file. @throws SallyportError 'file-unwritable' */
export function createRoot({ file, names, ...issue }: CreateRootOptions): CaRoot {
  const permittedNames = [...new Set(names.map(bare))];
  const { certPem, keyPem } = issueRoot({ ...issue, permittedNames });
  const stored = { cert: certPem, key: keyPem, names: permittedNames };
  replaceFile(file, `${JSON.stringify(stored)}\n`, 0o600);
  return rootOf(stored);
}

/** The root kept in a file, undefined when there is none. @throws SallyportError when it cannot be used */
export function readRoot(file: string): CaRoot | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(file, error);
  }
  try {
    return rootOf(storedSchema.parse(JSON.parse(text)));
  } catch (error) {
    throw unusable(file, error);
  }
}

function rootOf({ cert, key, names }: z.infer<typeof storedSchema>): CaRoot {
  const certificate = new X509Certificate(cert);
  const privateKey = createPrivateKey(key);
  const permitted = new Set(names);
  if (!certificate.checkPrivateKey(privateKey)) throw new Error('its key belongs to another certificate');
  return {
    certPem: cert,
    key: privateKey,
    commonName: certificate.subject.replace(/^CN=/, ''),
    pin: createHash('sha256').update(certificate.raw).digest('base64url'),
    notAfterMs: certificate.validToDate.getTime(),
    permits: (name) => isPermitted(permitted, bare(name)),
  };
}

/** Asked for every hostname there is, of roots with as many names: by the name and each of its parents. */
function isPermitted(permitted: ReadonlySet<string>, name: string): boolean {
  if (isIP(name)) return permitted.has(name);
  for (let rest = name; ; rest = rest.slice(rest.indexOf('.') + 1)) {
    if (permitted.has(rest)) return true;
    if (!rest.includes('.')) return false;
  }
}

function bare(name: string): string {
  return name.replace(/^\*\./, '');
}

/** A broken root is never replaced silently: every connector that pins it would be locked out. */
function unusable(file: string, cause: unknown): SallyportError {
  return new SallyportError(
    'certificate-invalid',
    `The internal CA in ${file} cannot be used (${errorText(cause).split('\n')[0]}); restore it from a backup, or move it away to have a new one made (tokens with its pin must then be issued again).`,
    { cause },
  );
}
