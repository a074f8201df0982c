// The edge's own certificate authority, for machines and names no public CA would vouch for: roots made once and kept
// in the data folder, and leaves made in memory on demand, good for a week and renewed after two thirds of it.
//
// A root is constrained to the names it was made for, so that a stolen key cannot speak for the rest of the internet.
// A constraint cannot be widened later: names that come later get a further root beside the first, in a file of its own.
// The first stays, so tokens that pin it and clients that trust it go on working; ca.pem holds them all.
import { join } from 'node:path';
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import { replaceFile } from '#base/secrets/private-file.ts';
import type { Random } from '#base/random.ts';
import { type CaRoot, createRoot, readRoot } from './ca-root.ts';
import { type Certificate, createCertificate } from './certificate.ts';
import { issueLeaf } from './x509-issue.ts';

export interface InternalCaOptions {
  /** Holds `internal-ca.json`, `internal-ca-2.json` ... (with the keys, 0600) and `ca.pem`. */
  readonly folder: string;
  /** The edge's own names and addresses, always together in one leaf. */
  readonly ownNames: readonly string[];
  /** Hostnames and `*.` patterns to be served from the start. */
  readonly hostnames: readonly string[];
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
/** Each is one more for clients to trust; patterns such as *.example.com keep them few. */
const maxRoots = 100;
const commonName = 'Sallyport internal CA';

/** Signs for the names its roots permit. */
export class InternalCa {
  /** PEM of the roots, the edge's own first, for clients to trust. */
  readonly caFile: string;
  readonly #options: InternalCaOptions;
  readonly #roots: CaRoot[];
  readonly #leaves = new Map<string, { readonly certificate: Certificate; readonly renewAtMs: number }>();

  constructor(roots: CaRoot[], options: InternalCaOptions) {
    this.#roots = roots;
    this.#options = options;
    this.caFile = join(options.folder, 'ca.pem');
    if (!this.#rootFor(options.ownNames)) this.#addRoot(options.ownNames);
    this.extend(options.hostnames);
    this.#publish();
  }

  /** The pin of the root under which connectors see the edge; it goes into their tokens. */
  get pin(): string {
    return this.#rootFor(this.#options.ownNames)!.pin;
  }

  /** Whether clients that trust ca.pem accept a leaf for this name. */
  permits(name: string): boolean {
    return this.#rootFor([name]) !== undefined;
  }

  /**
   * Makes a further root for those of `hostnames` that no root permits, and returns them.
   * @throws SallyportError when there are too many roots or the new one cannot be kept
   */
  extend(hostnames: readonly string[]): readonly string[] {
    const missing = hostnames.filter((name) => !this.permits(name));
    if (missing.length === 0) return missing;
    this.#addRoot(missing);
    this.#publish();
    return missing;
  }

  /** A valid certificate for exactly these names (all permitted by one root); made, renewed or remembered. */
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

  /** The certificate that `certificateFor` would remember; undefined when it would have to make one. */
  remembered(names: readonly string[]): Certificate | undefined {
    const kept = this.#leaves.get(names.join(' '));
    return kept && this.#options.clock.wallMs() < kept.renewAtMs ? kept.certificate : undefined;
  }

  /** The oldest root that permits all the names: what clients have trusted longest. */
  #rootFor(names: readonly string[]): CaRoot | undefined {
    return this.#roots.find((root) => names.every((name) => root.permits(name)));
  }

  #issue(names: readonly string[], now: number): Certificate {
    const root = this.#rootFor(names);
    if (!root) {
      throw new SallyportError(
        'certificate-invalid',
        `The internal CA may not sign for ${names.join(', ')}; list the name in edge.yml.`,
      );
    }
    const notAfterMs = now + leafLifeMs;
    const leaf = issueLeaf({
      names,
      notBeforeMs: now - backdateMs,
      notAfterMs,
      issuerName: root.commonName,
      issuerKey: root.key,
      random: this.#options.random,
    });
    // The root goes along, so that a connector can compare it with the pin in its token.
    return createCertificate({ cert: leaf.certPem + root.certPem, key: leaf.keyPem, names, notAfterMs });
  }

  #addRoot(names: readonly string[]): void {
    const { folder, clock, random } = this.#options;
    const number = this.#roots.length + 1;
    if (number > maxRoots) {
      throw new SallyportError(
        'certificate-invalid',
        `The internal CA in ${folder} has ${maxRoots} roots and makes no further one for ${names.join(', ')}; list patterns such as *.example.com, and move its internal-ca*.json away to begin again.`,
      );
    }
    const now = clock.wallMs();
    const root = createRoot({
      file: rootFile(folder, number),
      commonName: number === 1 ? commonName : `${commonName} ${number}`,
      // The first root is the one tokens pin: it takes in all that is known when it is made.
      names: number === 1 ? [...names, ...this.#options.hostnames] : names,
      notBeforeMs: now - backdateMs,
      notAfterMs: now + rootLifeMs,
      random,
    });
    this.#roots.push(root);
  }

  /** What clients have to trust, PEM: the roots, the edge's own first. */
  get pem(): string {
    const own = this.#rootFor(this.#options.ownNames)!;
    const ordered = [own, ...this.#roots.filter((root) => root !== own)];
    return ordered.map(({ certPem }) => certPem).join('');
  }

  #publish(): void {
    replaceFile(this.caFile, this.pem, 0o644);
  }
}

/**
 * Opens the CA in a folder, making what is missing. A root that is at its end counts as missing, with all after it.
 * @throws SallyportError for files that are broken or cannot be written
 */
export function openInternalCa(options: InternalCaOptions): InternalCa {
  const oldestEndMs = options.clock.wallMs() + leafLifeMs;
  const roots: CaRoot[] = [];
  while (roots.length < maxRoots) {
    const root = readRoot(rootFile(options.folder, roots.length + 1));
    if (!root || root.notAfterMs <= oldestEndMs) break;
    roots.push(root);
  }
  return new InternalCa(roots, options);
}

function rootFile(folder: string, number: number): string {
  return join(folder, number === 1 ? 'internal-ca.json' : `internal-ca-${number}.json`);
}
