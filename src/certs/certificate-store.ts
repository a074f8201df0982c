// Which certificate is shown for which server name: one from files where a file has the name, else one that was issued by
// ACME or imported, else a leaf of the internal CA where the edge serves the name, else the default. The edge's listeners
// ask through this.
import type { SecureContext, SecureContextOptions } from 'node:tls';
import type { Random } from '#base/random.ts';
import { matchesHostPattern } from '#base/net/hostname.ts';
import { type Certificate, isNamedIn } from './certificate.ts';
import type { ChallengePem } from './acme/challenge-board.ts';
import type { CertificateFiles } from './certificate-files.ts';
import type { InternalCa } from './internal-ca.ts';
import type { CertificateManager } from './issuance/certificate-manager.ts';
import type { ShownCertificate } from './issuance/shown-certificates.ts';
import type { OcspStaples } from './ocsp/ocsp-staples.ts';
import type { TicketKeys } from './ticket-keys.ts';

export interface CertificateStoreOptions {
  readonly files: CertificateFiles | undefined;
  readonly internalCa: InternalCa | undefined;
  /** Certificates by ACME, and imported ones. */
  readonly manager?: CertificateManager | undefined;
  /** OCSP answers for all of them. */
  readonly staples?: OcspStaples | undefined;
  /** Ticket keys that change; without them one that lives as long as the process. */
  readonly tickets?: TicketKeys | undefined;
  /** The edge's own names and addresses (all in one default leaf), never empty. */
  readonly ownNames: readonly string[];
  readonly random: Random;
}

/** See `CertificateStore.originFor`; `none`: visitors get a certificate that is not for the name, or none at all. */
export type CertificateOrigin =
  | { readonly source: 'file'; readonly certificate: Certificate }
  /** Made when somebody first asks for the name; until then there is none to be looked at. */
  | { readonly source: 'internal'; readonly certificate: Certificate | undefined }
  | { readonly source: 'issued'; readonly certificate: ShownCertificate }
  | { readonly source: 'none' };

/** Session ticket keys: name, HMAC and AES key, as node:tls takes them. */
const ticketKeyBytes = 48;

/** Answers the listeners; `serve` follows the routes. */
export class CertificateStore {
  readonly #ownTicketKey: Buffer;
  readonly #options: CertificateStoreOptions;
  #hostnames: ReadonlySet<string> = new Set();
  #wildcards: readonly string[] = [];

  constructor(options: CertificateStoreOptions) {
    this.#options = options;
    this.#ownTicketKey = options.random.bytes(ticketKeyBytes);
  }

  /** The hostnames and `*.` patterns for which the internal CA may make leaves on demand. */
  serve(hostnames: readonly string[]): void {
    this.#hostnames = new Set(hostnames);
    this.#wildcards = hostnames.filter((hostname) => hostname.startsWith('*.'));
  }

  /** Whether a file's certificate is good for the hostname or pattern, so that no other is needed. */
  hasFileFor(hostname: string): boolean {
    return this.#options.files?.lookup(hostname) !== undefined;
  }

  /** For names whose certificate is just being got: resolves when a handshake should go on. */
  expect(serverName: string): Promise<unknown> | undefined {
    return this.#options.manager?.expect(serverName);
  }

  /** What a validator is shown that asks for this name by `acme-tls/1`. */
  challengeFor(serverName: string): SecureContext | undefined {
    return this.#options.manager?.board.contextFor(serverName);
  }

  /** The session ticket key of this moment; another buffer after each change. */
  get ticketKeys(): Buffer {
    return this.#options.tickets?.current ?? this.#ownTicketKey;
  }

  get needsStaples(): boolean {
    return this.#options.staples?.isNeeded ?? false;
  }

  /** The OCSP answer to show beside a certificate. */
  stapleFor(certificate: Buffer): Buffer | undefined {
    return this.#options.staples?.answerFor(certificate);
  }

  /** The certificate for a lower-case server name; '' and unknown names get the default one. */
  contextFor(serverName: string): SecureContext | undefined {
    // Where there is no certificate for the name, what a validator wants to see is as good as the default, and surely has
    // a key of the kind that the answer's certificate needs.
    const good = this.#goodFor(serverName)?.context;
    return good ?? this.challengeFor(serverName) ?? this.#fallbackFor(serverName)?.context;
  }

  /** The certificate itself that `contextFor` shows, but for what only validators are meant to see. */
  shownFor(serverName: string): Certificate | undefined {
    return this.#certificateFor(serverName);
  }

  /** All that validators by `acme-tls/1` are shown at this moment. */
  get challenges(): ChallengePem[] {
    return this.#options.manager?.board.shown ?? [];
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

  /** Where the certificate comes from that is shown for a hostname or `*.` pattern, and which it is. */
  originFor(hostname: string): CertificateOrigin {
    const name = hostname.replace(/^\*\./, 'x.');
    const file = this.#options.files?.lookup(name);
    if (file) return { source: 'file', certificate: file };
    const good = this.#issuedFor(name, true);
    if (good) return { source: 'issued', certificate: good };
    // A look at ten thousand hostnames must not make ten thousand keys.
    const names = this.#leafNames(name);
    if (names) return { source: 'internal', certificate: this.#options.internalCa?.remembered(names) };
    const issued = this.#issuedFor(name, false);
    return issued ? { source: 'issued', certificate: issued } : { source: 'none' };
  }

  #certificateFor(serverName: string): Certificate | undefined {
    return this.#goodFor(serverName) ?? this.#fallbackFor(serverName);
  }

  /** One that is valid for the name now. */
  #goodFor(serverName: string): Certificate | undefined {
    return (
      this.#options.files?.lookup(serverName) ??
      this.#issuedFor(serverName, true) ??
      this.#leafFor(serverName)
    );
  }

  /** One that clients will complain about, but that says who is here. */
  #fallbackFor(serverName: string): Certificate | undefined {
    const { files, ownNames } = this.#options;
    const ownName = ownNames[0]!;
    return (
      this.#issuedFor(serverName, false) ?? files?.first ?? this.#ownLeaf() ?? this.#issuedFor(ownName, false)
    );
  }

  /** From the vault; this machine's clock may be wrong, so an expired one is better than another name's. */
  #issuedFor(serverName: string, isGood: boolean): ShownCertificate | undefined {
    const { manager } = this.#options;
    if (!manager) return undefined;
    const nowMs = manager.wallMs();
    const found = manager.keeper.shown.best(serverName, nowMs);
    return found && (!isGood || found.notAfterMs > nowMs) ? found : undefined;
  }

  #leafFor(serverName: string): Certificate | undefined {
    const names = this.#leafNames(serverName);
    return names && this.#options.internalCa?.certificateFor(names);
  }

  /** What a leaf of the internal CA for this name is made out to; undefined when it makes none. */
  #leafNames(serverName: string): readonly string[] | undefined {
    const { internalCa, ownNames } = this.#options;
    if (!internalCa || serverName === '') return undefined;
    if (ownNames.includes(serverName)) return ownNames;
    const isServed =
      this.#hostnames.has(serverName) ||
      this.#wildcards.some((pattern) => matchesHostPattern(pattern, serverName));
    return isServed && internalCa.permits(serverName) ? [serverName] : undefined;
  }

  #ownLeaf(): Certificate | undefined {
    const { internalCa, ownNames } = this.#options;
    return internalCa?.certificateFor(ownNames);
  }
}
