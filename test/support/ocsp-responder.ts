// A real OCSP responder, `openssl ocsp`, for the certificates of a CA whose key the test has.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from './eventually.ts';
import { freePort, type RunningProcess, startProcess } from './process.ts';

export interface OcspResponderOptions {
  /** Where its files go. */
  readonly folder: string;
  readonly port: number;
  /** PEM of the issuer and its key; it signs the answers itself. */
  readonly issuer: { readonly cert: string; readonly key: string };
}

/** A certificate in the responder's index. */
export interface OcspEntry {
  /** PEM. */
  readonly cert: string;
  readonly isRevoked?: boolean;
}

export class OcspResponder {
  readonly #options: OcspResponderOptions;
  #running: RunningProcess | undefined;

  constructor(options: OcspResponderOptions) {
    this.#options = options;
    const { issuer } = options;
    writeFileSync(this.path('issuer.pem'), issuer.cert);
    const key = createPrivateKey(issuer.key).export({ format: 'pem', type: 'pkcs8' });
    writeFileSync(this.path('issuer-key.pem'), key);
  }

  static async choosePort(): Promise<number> {
    return freePort();
  }

  path(name: string): string {
    return join(this.#options.folder, name);
  }

  /** Writes the index, in the form of `openssl ca`. */
  writeIndex(entries: readonly OcspEntry[]): void {
    const lines = entries.map(({ cert, isRevoked }) => {
      const { serialNumber, validToDate } = new X509Certificate(cert);
      const until = shortTime(validToDate);
      const revoked = isRevoked ? `${shortTime(new Date(Date.now() - 60_000))},keyCompromise` : '';
      return [isRevoked ? 'R' : 'V', until, revoked, serialNumber, 'unknown', '/CN=leaf'].join('\t');
    });
    writeFileSync(this.path('index.txt'), lines.map((line) => `${line}\n`).join(''));
  }

  /** Flags that make it answer from its index. */
  get flags(): string[] {
    return [
      ...['-index', this.path('index.txt'), '-CA', this.path('issuer.pem')],
      ...['-rsigner', this.path('issuer.pem'), '-rkey', this.path('issuer-key.pem'), '-ndays', '2'],
    ];
  }

  /** Starts it, or starts it anew with a new index. */
  async serve(entries: readonly OcspEntry[]): Promise<void> {
    await this.close();
    this.writeIndex(entries);
    const running = startProcess('openssl', [
      'ocsp',
      '-port',
      String(this.#options.port),
      '-text',
      ...this.flags,
    ]);
    this.#running = running;
    await eventually('the responder listens', () => {
      if (running.exitCode() !== null) throw new Error(`openssl ocsp ended: ${running.stderr()}`);
      return /waiting for OCSP client connections/i.test(running.stderr() + running.stdout());
    });
  }

  async close(): Promise<void> {
    await this.#running?.kill();
    this.#running = undefined;
  }
}

/** `261127101500Z` */
function shortTime(date: Date): string {
  return `${date
    .toISOString()
    .replaceAll(/[-:T]|\..*/g, '')
    .slice(2)}Z`;
}
