// What a TLS handshake of the edge chooses: protocol and certificate, for visitors, connectors and validators.
import { createHash, hkdfSync } from 'node:crypto';
import type { SecureContext, TlsOptions, TLSSocket } from 'node:tls';
import { askForCertificate } from '#base/io/socket-internals.ts';
import type { CertificateHosts } from '../access/certificates/certificate-hosts.ts';
import type { CertificateSource } from './certificate-source.ts';

/** ALPN in the edge's order of preference. */
const protocols = ['sallyport/1', 'h2', 'http/1.1'];

/** What validators of TLS-ALPN-01 offer, alone (RFC 8737 section 4); nobody else is answered by it. */
export const challengeProtocol = 'acme-tls/1';

/**
 * The two choices of a handshake: its protocol and its certificate. A validator by TLS-ALPN-01 is known by its protocol and
 * is shown the answer that waits under its name. OpenSSL asks in an order of its own: under TLS 1.3 the protocol first,
 * so the validator is remembered until the certificate is asked for; under TLS 1.2 the certificate first, so it is
 * exchanged when the protocol is known.
 */
export function choicesOf(
  certificates: CertificateSource,
  asksClient: (serverName: string) => boolean = () => false,
): Pick<TlsOptions, 'ALPNCallback' | 'SNICallback'> {
  const validators = new WeakMap<object, SecureContext>();
  return {
    /** Undefined refuses the handshake, as TLS wants it where nothing fits. */
    ALPNCallback(this: TLSSocket, asked: { servername: string; protocols: string[] }): string | undefined {
      if (!asked.protocols.includes(challengeProtocol)) {
        return protocols.find((protocol) => asked.protocols.includes(protocol));
      }
      try {
        const context = certificates.challengeFor?.(String(asked.servername).toLowerCase());
        if (!context) return undefined;
        validators.set(this, context);
        this.setKeyCert(context);
        return challengeProtocol;
      } catch {
        return undefined;
      }
    },
    SNICallback(this: TLSSocket, name: string, done: (error: null, context?: SecureContext) => void): void {
      if (asksClient(name.toLowerCase())) askForCertificate(this);
      const answer = validators.get(this);
      if (answer) done(null, answer);
      else chooseWhenThere(certificates, name.toLowerCase(), (context) => done(null, context));
    },
  };
}

/** Answers the server's question for an OCSP answer to its certificate; a handshake never waits for one. */
export function stapling(
  certificates: CertificateSource,
): (certificate: Buffer, issuer: Buffer, done: (error: Error | null, answer: Buffer) => void) => void {
  return (certificate, _issuer, done) => {
    let answer: Buffer | undefined;
    try {
      answer = certificates.stapleFor?.(certificate);
    } catch {
      // The handshake goes on without.
    }
    // Node takes null for none, which its types do not know.
    done(null, (answer ?? null) as Buffer);
  };
}

/**
 * The keys of session tickets. Sessions from before a name asked for certificates resume without one; other keys make everybody shake hands anew once. All
 * edges of a store have the same routes, and so the same keys.
 */
export function ticketKeysOf({
  certificates,
  clients,
}: {
  readonly certificates: CertificateSource;
  readonly clients?: () => CertificateHosts;
}): Buffer {
  const key = certificates.ticketKeys;
  const asked = clients?.().fingerprint ?? '';
  return asked === ''
    ? key
    : Buffer.from(
        hkdfSync(
          'sha256',
          key,
          createHash('sha256').update(asked).digest(),
          'client certificates',
          key.length,
        ),
      );
}

/** A name whose certificate is just being got waits for it; every other is answered at once. */
function chooseWhenThere(
  certificates: CertificateSource,
  name: string,
  done: (context: SecureContext | undefined) => void,
): void {
  const choose = (): void => done(chooseContext(certificates, name));
  let expected: Promise<unknown> | undefined;
  try {
    // Not while a validator may be asking: it is the very thing that the certificate is waiting for.
    expected = certificates.challengeFor?.(name) ? undefined : certificates.expect?.(name);
  } catch {
    // As below: whatever goes wrong here must not end the process.
  }
  if (expected) void expected.then(choose, choose);
  else choose();
}

/** Never throws: an exception in an SNI callback would end the process (CVE-2026-21637). */
function chooseContext(
  certificates: CertificateSource,
  name: string,
): ReturnType<CertificateSource['contextFor']> {
  try {
    return certificates.contextFor(name);
  } catch {
    return undefined;
  }
}
