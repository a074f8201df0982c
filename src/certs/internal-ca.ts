// The edge's own certificate authority, for machines and names no public CA would vouch for: a root made once and kept
// in the data folder, constrained to the names it was made for, and leaves made in memory on demand, good for a week
// and renewed after two thirds of it. Connectors trust the root by its pin (SHA-256) in their token.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { replaceFile } from '#base/private-file.ts';
import type { Random } from '#base/random.ts';
import { type Certificate, createCertificate } from './certificate.ts';
import { issueLeaf, issueRoot } from './x509-issue.ts';

export interface InternalCaOptions {
  /** Holds `internal-ca.json` (with the key, 0600) and `ca.pem`. */
  readonly folder: string;
  /** DNS suffixes and addresses that a new root may sign for. */
  readonly names: readonly string[];
  /** Make a new root when the kept one may not sign for all of `names`; its pin changes. */
  readonly mayReplace: boolean;
  readonly clock: Clock;
  readonly random: Random;
}

const dayMs = 86_400_000;
const rootLifeMs = 3650 * dayMs;
const leafLifeMs = 7 * dayMs;
/** Clients' clocks may be behind ours. */
const backdateMs = dayMs;
/** Leaves kept in memory; the oldest goes first. */
const maxLeaves = 2000;
const commonName = 'Sallyport internal CA';

const storedSchema = z.strictObject({
  cert: z.string(),
  key: z.string(),
  names: z.array(z.string()).min(1),
});

type StoredRoot = z.infer<typeof storedSchema>;

/** Signs for the names its root permits. */
export class InternalCa {
  /** PEM of the root, for clients to trust. */
  readonly caFile: string;
  /** base64url SHA-256 of the root's DER, as tokens carry it. */
  readonly pin: string;
  readonly #root: StoredRoot;
  readonly #key: KeyObject;
  readonly #options: InternalCaOptions;
  readonly #leaves = new Map<string, { readonly certificate: Certificate; readonly renewAtMs: number }>();

  constructor(root: StoredRoot, options: InternalCaOptions) {
    this.#root = root;
    this.#options = options;
    this.#key = createPrivateKey(root.key);
    this.caFile = join(options.folder, 'ca.pem');
    this.pin = createHash('sha256').update(new X509Certificate(root.cert).raw).digest('base64url');
  }

  /** Whether clients would accept a leaf for this name: name constraints are theirs to enforce. */
  permits(name: string): boolean {
    return permits(this.#root.names, name);
  }

  /** A valid certificate for exactly these names (all of them permitted); made, renewed or remembered. */
  certificateFor(names: readonly string[]): Certificate {
    const key = names.join(' ');
    const now = this.#options.clock.wallMs();
    const kept = this.#leaves.get(key);
    if (kept && now < kept.renewAtMs) return kept.certificate;
    const certificate = this.#issue(names, now);
    this.#leaves.delete(key);
    if (this.#leaves.size >= maxLeaves) this.#leaves.delete(this.#leaves.keys().next().value!);
    this.#leaves.set(key, { certificate, renewAtMs: now + (leafLifeMs * 2) / 3 });
    return certificate;
  }

  #issue(names: readonly string[], now: number): Certificate {
    const notAfterMs = now + leafLifeMs;
    const leaf = issueLeaf({
      names,
      notBeforeMs: now - backdateMs,
      notAfterMs,
      issuerName: commonName,
      issuerKey: this.#key,
      random: this.#options.random,
    });
    // The root goes along, so that a connector can compare it with the pin in its token.
    return createCertificate({ cert: leaf.certPem + this.#root.cert, key: leaf.keyPem, names, notAfterMs });
  }
}

/** Opens the CA in a folder, making its root when there is none (or none that is still good). */
export function openInternalCa(options: InternalCaOptions): InternalCa {
  const file = join(options.folder, 'internal-ca.json');
  const kept = readRoot(file);
  const isUsable =
    kept !== undefined &&
    new X509Certificate(kept.cert).validToDate.getTime() > options.clock.wallMs() + leafLifeMs &&
    (!options.mayReplace || options.names.every((name) => permits(kept.names, name)));
  const root = isUsable ? kept : createRoot(options);
  if (!isUsable) replaceFile(file, `${JSON.stringify(root)}\n`, 0o600);
  replaceFile(join(options.folder, 'ca.pem'), root.cert, 0o644);
  return new InternalCa(root, options);
}

function createRoot(options: InternalCaOptions): StoredRoot {
  const now = options.clock.wallMs();
  const names = [...new Set(options.names.map((name) => name.replace(/^\*\./, '')))];
  const { certPem, keyPem } = issueRoot({
    commonName,
    permittedNames: names,
    notBeforeMs: now - backdateMs,
    notAfterMs: now + rootLifeMs,
    random: options.random,
  });
  return { cert: certPem, key: keyPem, names };
}

function permits(permitted: readonly string[], name: string): boolean {
  const bare = name.replace(/^\*\./, '');
  if (isIP(bare)) return permitted.includes(bare);
  return permitted.some((suffix) => bare === suffix || bare.endsWith(`.${suffix}`));
}

function readRoot(file: string): StoredRoot | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw unusable(file, error);
  }
  try {
    const root = storedSchema.parse(JSON.parse(text));
    if (!new X509Certificate(root.cert).checkPrivateKey(createPrivateKey(root.key))) {
      throw new Error('its key belongs to another certificate');
    }
    return root;
  } catch (error) {
    throw unusable(file, error);
  }
}

/** A broken CA is never replaced silently: every connector that pins it would be locked out. */
function unusable(file: string, cause: unknown): SallyportError {
  return new SallyportError(
    'certificate-invalid',
    `The internal CA in ${file} cannot be used (${errorText(cause).split('\n')[0]}); restore it from a backup, or move it away to have a new one made (tokens with its pin must then be issued again).`,
    { cause },
  );
}
