// Is this really our edge? A certificate chain is good when the system (or the CA file) says so; or when it leads to
// the very CA certificate whose SHA-256 stands in the token. The second way is judged here, by hand and from deny:
// every signature, every date, the issuer's right to sign (path length and name constraints too), the key's purpose and
// the server name.
import { createHash, type X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { certificateLimits } from './certificate-limits.ts';

/** A reason to refuse: OpenSSL's name for it, so that one table of explanations serves both ways. */
export type TrustFault =
  | 'NO_CERTIFICATE'
  | 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY'
  | 'CERT_SIGNATURE_FAILURE'
  | 'INVALID_CA'
  | 'PATH_LENGTH_EXCEEDED'
  | 'PERMITTED_VIOLATION'
  | 'INVALID_PURPOSE'
  | 'CERT_NOT_YET_VALID'
  | 'CERT_HAS_EXPIRED'
  | 'ERR_TLS_CERT_ALTNAME_INVALID';

/** id-kp-serverAuth, RFC 5280 section 4.2.1.12. */
const serverAuthentication = '1.3.6.1.5.5.7.3.1';

/** Longer chains do not occur in practice. */
const maxChainLength = 6;

export interface PinRule {
  /** base64url SHA-256 of the DER of the CA certificate to trust. */
  readonly caPin: string;
  /** The name (or IP address) that was dialled. */
  readonly serverName: string;
  readonly wallMs: number;
}

/** The pin of a certificate, as it stands in a token. */
export function pinOfCertificate(der: Uint8Array): string {
  return createHash('sha256').update(der).digest('base64url');
}

/** The certificates the peer sent, its own first. */
export function peerChain(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  let next = socket.getPeerX509Certificate();
  while (next && chain.length < maxChainLength) {
    chain.push(next);
    const issuer: X509Certificate | undefined = next.issuerCertificate;
    next = issuer && !issuer.raw.equals(next.raw) ? issuer : undefined;
  }
  return chain;
}

/** Why a chain does not lead to the pinned CA, or undefined when it does. */
export function judgePinnedChain(chain: readonly X509Certificate[], rule: PinRule): TrustFault | undefined {
  const leaf = chain[0];
  if (!leaf) return 'NO_CERTIFICATE';
  const anchor = chain.findIndex((certificate) => pinOfCertificate(certificate.raw) === rule.caPin);
  if (anchor < 0) return 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY';
  for (let i = 0; i < anchor; i++) {
    const issuer = chain[i + 1]!;
    const fault = judgeIssuer(chain[i]!, issuer);
    if (fault) return fault;
    const limits = certificateLimits(issuer.raw);
    if (i > limits.pathLength) return 'PATH_LENGTH_EXCEEDED';
    if (!limits.permits(rule.serverName)) return 'PERMITTED_VIOLATION';
  }
  for (const certificate of chain.slice(0, anchor + 1)) {
    if (rule.wallMs < certificate.validFromDate.getTime()) return 'CERT_NOT_YET_VALID';
    if (rule.wallMs > certificate.validToDate.getTime()) return 'CERT_HAS_EXPIRED';
  }
  const purposes: readonly string[] | undefined = leaf.keyUsage;
  if (purposes && !purposes.includes(serverAuthentication)) return 'INVALID_PURPOSE';
  return isNamed(leaf, rule.serverName) ? undefined : 'ERR_TLS_CERT_ALTNAME_INVALID';
}

function judgeIssuer(certificate: X509Certificate, issuer: X509Certificate): TrustFault | undefined {
  if (!issuer.ca) return 'INVALID_CA';
  if (!certificate.checkIssued(issuer)) return 'CERT_SIGNATURE_FAILURE';
  return certificate.verify(issuer.publicKey) ? undefined : 'CERT_SIGNATURE_FAILURE';
}

function isNamed(certificate: X509Certificate, serverName: string): boolean {
  const match = isIP(serverName)
    ? certificate.checkIP(serverName)
    : certificate.checkHost(serverName, { subject: 'never' });
  return match !== undefined;
}
