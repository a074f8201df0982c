// Roots as people meet them: what they are called, what they may vouch for, and the fingerprint to compare.
import { X509Certificate } from 'node:crypto';
import { SallyportError } from '#base/errors.ts';

export interface RootCertificate {
  readonly pem: string;
  readonly der: Buffer;
  /** SHA-256 in upper-case hex with colons, as browsers show it. */
  readonly fingerprint: string;
  readonly commonName: string;
  readonly notAfterMs: number;
}

/** The CA certificates of a PEM file. @throws SallyportError 'certificate-invalid' when there is none, or something else */
export function readRoots(pem: string, source: string): RootCertificate[] {
  const blocks = pem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----\n?/g) ?? [];
  if (blocks.length === 0) throw invalid(`${source} holds no PEM certificate`);
  return blocks.map((block) => {
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(block);
    } catch (error) {
      throw invalid(`a certificate in ${source} cannot be read`, error);
    }
    if (!certificate.ca) throw invalid(`${source} holds a certificate that is no CA's`);
    return {
      pem: block.endsWith('\n') ? block : `${block}\n`,
      der: certificate.raw,
      fingerprint: certificate.fingerprint256,
      commonName: /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? certificate.subject,
      notAfterMs: certificate.validToDate.getTime(),
    };
  });
}

/** Whether a fingerprint that somebody typed is this one: colons, spaces and case do not matter. */
export function isFingerprint(typed: string, root: RootCertificate): boolean {
  const bare = (text: string): string => text.replaceAll(/[:\s]/g, '').toUpperCase();
  return bare(typed).length === 64 && bare(typed) === bare(root.fingerprint);
}

function invalid(what: string, cause?: unknown): SallyportError {
  return new SallyportError(
    'certificate-invalid',
    `${what}; name the ca.pem in the edge's dataDir, or fetch it again.`,
    { cause },
  );
}
