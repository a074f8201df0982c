// The certificates of a further worker: it has none of its own, but asks the first process which one it shows for a server
// name, and remembers the answer. What is remembered is asked for anew in the background, so that a renewed certificate is
// shown a moment later here, too. Ticket keys, challenges and the certificate for clients without a server name are sent by
// the first whenever they change.
import { createHash, X509Certificate } from 'node:crypto';
import { createSecureContext, type SecureContext, type SecureContextOptions } from 'node:tls';
import type { Clock } from '#base/clock.ts';
import { type Certificate, createCertificate, isNamedIn } from '#certs/certificate.ts';
import type { CertificateSource } from '#edge/front-door/certificate-source.ts';
import type { CertificateBasics, ShownPem } from './worker-contract.ts';

export interface AskedCertificatesOptions {
  readonly clock: Clock;
  readonly basics: CertificateBasics;
  readonly ask: (serverName: string) => Promise<ShownPem | undefined>;
}

/** Server names that are remembered; the one that was shown longest ago goes first. */
const mostNames = 2_000;
/** An answer is as good as new for so long; then it is asked for again, and goes on being shown meanwhile. */
const freshMs = 2_000;

interface Known {
  readonly pem: ShownPem | undefined;
  readonly certificate: Certificate | undefined;
  askedMs: number;
}

export class AskedCertificates implements CertificateSource {
  readonly #options: AskedCertificatesOptions;
  readonly #known = new Map<string, Known>();
  readonly #asking = new Map<string, Promise<void>>();
  /** By PEM: many names show the same one, and a flood of unknown names the same fallback. */
  readonly #made = new Map<string, Certificate>();
  readonly #staples = new Map<string, Buffer>();
  #basics!: CertificateBasics;
  #ticketKeys!: Buffer;
  #fallback: Certificate | undefined;
  #challenges = new Map<string, SecureContext>();

  constructor(options: AskedCertificatesOptions) {
    this.#options = options;
    this.apply(options.basics);
  }

  /** Takes what the first process has sent. */
  apply(basics: CertificateBasics): void {
    this.#basics = basics;
    this.#ticketKeys = Buffer.from(basics.ticketKeys);
    this.#fallback = basics.fallback && this.#take(basics.fallback);
    this.#challenges = new Map(
      basics.challenges.map(({ name, cert, key }) => [
        name,
        createSecureContext({ cert, key, minVersion: 'TLSv1.2' }),
      ]),
    );
  }

  get ticketKeys(): Buffer {
    return this.#ticketKeys;
  }

  get needsStaples(): boolean {
    return this.#basics.needsStaples;
  }

  contextFor(serverName: string): SecureContext | undefined {
    const known = this.#known.get(serverName)?.certificate;
    if (known && this.#isGood(known, serverName)) return known.context;
    // As at the first process (certificate-store.ts): without it a validator by TLS 1.2, for which the certificate is chosen
    // before the protocol, would be refused.
    return this.challengeFor(serverName) ?? known?.context ?? this.#fallback?.context;
  }

  defaultOptions(): SecureContextOptions | undefined {
    return this.#fallback?.options;
  }

  covers(serverName: string, host: string): boolean {
    if (serverName === host) return true;
    const names = this.#known.get(serverName)?.certificate?.names;
    return names !== undefined && isNamedIn(names, host.replace(/^\[(.*)\]$/, '$1'));
  }

  challengeFor(serverName: string): SecureContext | undefined {
    return this.#challenges.get(serverName);
  }

  stapleFor(certificate: Buffer): Buffer | undefined {
    return this.#staples.get(printOf(certificate));
  }

  /** The first handshake for a name waits for the answer; later ones go on with what is known. */
  expect(serverName: string): Promise<void> | undefined {
    if (serverName === '') return undefined;
    const known = this.#known.get(serverName);
    // A name without a certificate of its own is asked for each time: one may be on its way.
    if (known?.certificate) {
      if (this.#options.clock.nowMs() - known.askedMs >= freshMs) void this.#ask(serverName);
      return undefined;
    }
    return this.#ask(serverName);
  }

  /** Valid for the name now, and no stand-in. */
  #isGood({ names, notAfterMs }: Certificate, serverName: string): boolean {
    return isNamedIn(names, serverName) && notAfterMs > this.#options.clock.wallMs();
  }

  #ask(serverName: string): Promise<void> {
    const under = this.#asking.get(serverName);
    if (under) return under;
    const asking = this.#options
      .ask(serverName)
      .then((pem) => this.#keep(serverName, pem))
      // The first process is away: this one will soon be, too.
      .catch(() => undefined)
      .finally(() => this.#asking.delete(serverName));
    this.#asking.set(serverName, asking);
    return asking;
  }

  #keep(serverName: string, pem: ShownPem | undefined): void {
    const before = this.#known.get(serverName);
    const isSame = before?.pem?.cert === pem?.cert && before?.pem?.key === pem?.key;
    const certificate = isSame && before ? before.certificate : pem && this.#take(pem);
    if (isSame && pem) this.#keepStaple(pem);
    this.#known.delete(serverName);
    this.#known.set(serverName, { pem, certificate, askedMs: this.#options.clock.nowMs() });
    if (this.#known.size > mostNames) this.#known.delete(this.#known.keys().next().value!);
  }

  #take(pem: ShownPem): Certificate {
    this.#keepStaple(pem);
    const text = pem.cert + pem.key;
    const certificate = this.#made.get(text) ?? createCertificate(pem);
    this.#made.delete(text);
    this.#made.set(text, certificate);
    if (this.#made.size > mostNames) this.#made.delete(this.#made.keys().next().value!);
    return certificate;
  }

  #keepStaple({ cert, staple }: ShownPem): void {
    if (!this.#basics.needsStaples) return;
    const print = printOf(new X509Certificate(cert).raw);
    if (staple) this.#staples.set(print, Buffer.from(staple));
    else this.#staples.delete(print);
    if (this.#staples.size > mostNames) this.#staples.delete(this.#staples.keys().next().value!);
  }
}

function printOf(certificate: Buffer): string {
  return createHash('sha256').update(certificate).digest('base64url');
}
