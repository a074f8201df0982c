// Certificates from PEM files: loaded at start, looked at again when they change, the last good one kept while it is
// valid. Every fault is a sentence with the file in it; at start a fault is an error, later a warning.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { type FileWatch, watchFiles } from '#base/file-watch.ts';
import type { Log } from '#base/log.ts';
import { type Certificate, createCertificate, wildcardOf } from './certificate.ts';
import { namesOf } from './certificate-facts.ts';

/** Paths of one certificate (leaf first, then its chain) and its private key. */
export interface CertificatePair {
  readonly cert: string;
  readonly key: string;
}

export interface CertificateFilesOptions {
  readonly pairs: readonly CertificatePair[];
  readonly clock: Clock;
  readonly log: Log;
  /** How often the files are looked at. */
  readonly lookEveryMs: number;
}

/** A warning is logged when a certificate has less than this left. */
const soonMs = 14 * 86_400_000;

/** Certificates by name, kept fresh. */
export class CertificateFiles {
  readonly #options: CertificateFilesOptions;
  readonly #loaded = new Map<CertificatePair, Certificate>();
  #byName = new Map<string, Certificate>();
  #pairs: readonly CertificatePair[];
  #watch: FileWatch | undefined;

  private constructor(options: CertificateFilesOptions) {
    this.#options = options;
    this.#pairs = options.pairs;
  }

  /** Loads every pair; throws 'certificate-invalid' or 'file-unreadable' for the first that cannot be used. */
  static async open(options: CertificateFilesOptions): Promise<CertificateFiles> {
    const files = new CertificateFiles(options);
    for (const pair of options.pairs) files.#keep(pair, await loadPair(pair, options.clock.wallMs()));
    files.#index();
    files.#watch = watchFiles({
      files: () => files.#pairs.flatMap(({ cert, key }) => [cert, key]),
      clock: options.clock,
      everyMs: options.lookEveryMs,
      onChange: () => files.#reload(),
    });
    return files;
  }

  /** The certificate for a lower-case name: an exact one before a wildcard; undefined when none is valid now. */
  lookup(name: string): Certificate | undefined {
    const found = this.#byName.get(name) ?? this.#byName.get(wildcardOf(name));
    return found && found.notAfterMs > this.#options.clock.wallMs() ? found : undefined;
  }

  /** The first certificate of the list, shown when the client names nothing we know. */
  get first(): Certificate | undefined {
    return this.#loaded.get(this.#pairs[0]!);
  }

  /** Every certificate that is in force, in the order of the list. */
  get all(): Certificate[] {
    return this.#pairs.flatMap((pair) => this.#loaded.get(pair) ?? []);
  }

  /** The path of a certificate that `lookup` or `all` gave; '' when it is not in force any more. */
  pathOf(certificate: Certificate): string {
    return [...this.#loaded].find(([, loaded]) => loaded === certificate)?.[0].cert ?? '';
  }

  /** Looks at the files now and resolves when what changed has been loaded. */
  async look(): Promise<void> {
    await this.#watch?.look();
  }

  /**
   * Replaces the list after a change of configuration; throws, with nothing changed, if a new pair cannot be used. A
   * pair that was listed before keeps its last good certificate: a file that is broken today must not hold up a change
   * that has nothing to do with it.
   */
  async replace(pairs: readonly CertificatePair[]): Promise<void> {
    const fresh = new Map<CertificatePair, Certificate>();
    for (const pair of pairs) fresh.set(pair, await this.#loadOrKeep(pair));
    this.#pairs = pairs;
    this.#loaded.clear();
    for (const [pair, certificate] of fresh) this.#keep(pair, certificate);
    this.#index();
  }

  close(): void {
    this.#watch?.close();
  }

  async #reload(): Promise<void> {
    let count = 0;
    for (const pair of this.#pairs) {
      try {
        this.#keep(pair, await loadPair(pair, this.#options.clock.wallMs()));
        count += 1;
      } catch (error) {
        this.#options.log.warn(`${errorText(error)} The certificate loaded before stays in use.`);
      }
    }
    this.#index();
    if (count > 0) this.#options.log.info('Certificates were loaded again', { count });
  }

  async #loadOrKeep(pair: CertificatePair): Promise<Certificate> {
    try {
      return await loadPair(pair, this.#options.clock.wallMs());
    } catch (error) {
      const known = [...this.#loaded].find(([{ cert, key }]) => cert === pair.cert && key === pair.key);
      if (!known) throw error;
      this.#options.log.warn(`${errorText(error)} The certificate loaded before stays in use.`);
      return known[1];
    }
  }

  #keep(pair: CertificatePair, certificate: Certificate): void {
    this.#loaded.set(pair, certificate);
    const leftMs = certificate.notAfterMs - this.#options.clock.wallMs();
    if (leftMs < soonMs) {
      const date = new Date(certificate.notAfterMs).toISOString();
      this.#options.log.warn(`The certificate ${pair.cert} expires soon, at ${date}; renew it.`);
    }
  }

  /** First in the list wins where two certificates name the same host. */
  #index(): void {
    const byName = new Map<string, Certificate>();
    for (const pair of this.#pairs) {
      const certificate = this.#loaded.get(pair);
      for (const name of certificate?.names ?? []) {
        if (!byName.has(name)) byName.set(name, certificate!);
      }
    }
    this.#byName = byName;
  }
}

async function loadPair(pair: CertificatePair, nowMs: number): Promise<Certificate> {
  const cert = await readText(pair.cert);
  const key = await readText(pair.key);
  const leaf = attempt(
    `The certificate ${pair.cert} is not a PEM certificate`,
    () => new X509Certificate(cert),
  );
  const privateKey = attempt(`The key ${pair.key} is not a PEM private key`, () => createPrivateKey(key));
  if (!leaf.checkPrivateKey(privateKey)) {
    throw invalid(
      `The key ${pair.key} does not belong to the certificate ${pair.cert}; name the pair that does.`,
    );
  }
  const notAfterMs = leaf.validToDate.getTime();
  if (notAfterMs <= nowMs) {
    throw invalid(`The certificate ${pair.cert} expired at ${leaf.validToDate.toISOString()}; renew it.`);
  }
  if (leaf.validFromDate.getTime() > nowMs) {
    throw invalid(
      `The certificate ${pair.cert} is not valid before ${leaf.validFromDate.toISOString()}; check this machine's clock.`,
    );
  }
  const names = namesOf(leaf);
  if (names.length === 0) {
    throw invalid(`The certificate ${pair.cert} names no host in subjectAltName; issue it again with one.`);
  }
  return createCertificate({ cert, key, names, notAfterMs });
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The certificate file ${file} could not be read (${errorText(error)}); check its path and permissions.`,
      { cause: error },
    );
  }
}

function attempt<T>(fault: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SallyportError('certificate-invalid', `${fault} (${errorText(error)}).`, { cause: error });
  }
}

function invalid(sentence: string): SallyportError {
  return new SallyportError('certificate-invalid', sentence);
}
