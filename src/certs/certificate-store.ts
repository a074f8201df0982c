// Which certificate is shown for which server name: one from files where a file has the name, else a leaf of the
// internal CA where the edge serves the name, else the default. The edge's listeners ask through this.
import type { SecureContext, SecureContextOptions } from 'node:tls';
import type { Random } from '#base/random.ts';
import { matchesHostPattern } from '#base/hostname.ts';
import { type Certificate, isNamedIn } from './certificate.ts';
import type { CertificateFiles } from './certificate-files.ts';
import type { InternalCa } from './internal-ca.ts';

export interface CertificateStoreOptions {
  readonly files: CertificateFiles | undefined;
  readonly internalCa: InternalCa | undefined;
  /** The edge's own names and addresses (all in one default leaf), never empty. */
  readonly ownNames: readonly string[];
  readonly random: Random;
}

/** Session ticket keys: name, HMAC and AES key, as node:tls takes them. */
const ticketKeyBytes = 48;

/** Answers the listeners; `serve` follows the routes. */
export class CertificateStore {
  readonly ticketKeys: Buffer;
  readonly #options: CertificateStoreOptions;
  #hostnames: readonly string[] = [];

  constructor(options: CertificateStoreOptions) {
    this.#options = options;
    this.ticketKeys = options.random.bytes(ticketKeyBytes);
  }

  /** The hostnames and `*.` patterns for which the internal CA may make leaves on demand. */
  serve(hostnames: readonly string[]): void {
    this.#hostnames = hostnames;
  }

  /** Whether a file's certificate is good for the hostname or pattern, so that the internal CA need not sign for it. */
  hasFileFor(hostname: string): boolean {
    return this.#options.files?.lookup(hostname) !== undefined;
  }

  /** The certificate for a lower-case server name; '' and unknown names get the default one. */
  contextFor(serverName: string): SecureContext | undefined {
    return this.#certificateFor(serverName)?.context;
  }

  /** What to make the context from for clients that send no server name. */
  defaultOptions(): SecureContextOptions | undefined {
    return this.#certificateFor('')?.options;
  }

  /** Whether a connection made for `serverName` may also carry requests for `host`. */
  covers(serverName: string, host: string): boolean {
    if (serverName === host) return true;
    const certificate = this.#certificateFor(serverName);
    return certificate !== undefined && isNamedIn(certificate.names, host.replace(/^\[(.*)\]$/, '$1'));
  }

  #certificateFor(serverName: string): Certificate | undefined {
    const { files } = this.#options;
    return files?.lookup(serverName) ?? this.#leafFor(serverName) ?? files?.first ?? this.#ownLeaf();
  }

  #leafFor(serverName: string): Certificate | undefined {
    const { internalCa, ownNames } = this.#options;
    if (!internalCa || serverName === '') return undefined;
    if (ownNames.includes(serverName)) return this.#ownLeaf();
    const isServed = this.#hostnames.some((pattern) => matchesHostPattern(pattern, serverName));
    return isServed && internalCa.permits(serverName) ? internalCa.certificateFor([serverName]) : undefined;
  }

  #ownLeaf(): Certificate | undefined {
    const { internalCa, ownNames } = this.#options;
    return internalCa?.certificateFor(ownNames);
  }
}
