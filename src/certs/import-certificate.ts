// A certificate that its owner brings: looked at from all sides before it is kept, because whoever imports it stands in
// front of the screen now and not when visitors are turned away. Every fault is a sentence with the cure.
import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { createSecureContext, rootCertificates } from 'node:tls';
import { errorText, SallyportError } from '#base/errors.ts';
import type { CertificateRecord } from '#model/certificates/certificate-record.ts';
import type { CertificatePem } from '#model/certificates/certificate-view.ts';
import { namesOf } from './certificate-facts.ts';

/** Chains are three or four long; a text of more is a bundle of roots. */
const maxChain = 10;
const pemCertificates = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * The record of a certificate that was brought; one with the same names takes the place of the one before.
 * @throws SallyportError 'certificate-invalid'
 */
export function importedRecord(
  pem: CertificatePem,
  { nowMs, jitter }: { readonly nowMs: number; readonly jitter: number },
): CertificateRecord {
  const chain = readChain(pem.certificate);
  const leaf = chain[0]!;
  const key = readKey(pem.key);
  if (!leaf.checkPrivateKey(key)) {
    throw invalid('The key does not belong to the certificate; give the pair that was made together.');
  }
  const names = checkLeaf(leaf, nowMs);
  checkLinks(chain);
  const certPem = chain.map((one) => one.toString()).join('');
  const keyPem = String(key.export({ format: 'pem', type: 'pkcs8' }));
  attempt('TLS cannot use the certificate', () => createSecureContext({ cert: certPem, key: keyPem }));
  const mark = createHash('sha256')
    .update([...names].sort().join())
    .digest('hex')
    .slice(0, 10);
  return {
    id: `imported-${names[0]!.replace('*', '_').replaceAll(':', '-')}`.slice(0, 180) + `-${mark}`,
    names: [...names],
    certPem,
    keyPem,
    source: 'imported',
    ...{ authority: '', method: '', methodReason: '', profile: '' },
    obtainedAtMs: nowMs,
    notBeforeMs: leaf.validFromDate.getTime(),
    notAfterMs: leaf.validToDate.getTime(),
    jitter,
  };
}

/** What visitors' browsers may miss in a chain, in words; '' when it leads to a root that they have. */
export function chainWarning(certPem: string): string {
  const last = new X509Certificate((certPem.match(pemCertificates) ?? [certPem]).at(-1)!);
  const isOwnRoot = last.subject === last.issuer;
  const isKnown = rootCertificates.some((root) => isIssuedBy(last, new X509Certificate(root)));
  if (isKnown) return '';
  const who = issuerName(last);
  return isOwnRoot
    ? `Only clients that trust ${who} accept it.`
    : `Its chain ends before a root that browsers know; unless your clients trust ${who}, import it again with the intermediate certificate.`;
}

/** `R11, Let's Encrypt`: the issuer's common name and organisation. */
export function issuerName(certificate: X509Certificate): string {
  const parts = new Map(
    certificate.issuer.split('\n').map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  return (
    [...new Set([parts.get('CN'), parts.get('O')])].filter((part) => part).join(', ') || 'an unnamed issuer'
  );
}

function readChain(text: string): X509Certificate[] {
  const blocks = text.match(pemCertificates) ?? [];
  if (blocks.length === 0) {
    throw invalid('There is no PEM certificate in the text; it begins with "-----BEGIN CERTIFICATE-----".');
  }
  if (blocks.length > maxChain) {
    throw invalid(
      `There are ${blocks.length} certificates in the text; give the certificate and its chain only.`,
    );
  }
  return blocks.map((block, i) =>
    attempt(`Certificate ${i + 1} of the text cannot be read`, () => new X509Certificate(block)),
  );
}

function readKey(text: string): KeyObject {
  if (/ENCRYPTED/.test(text)) {
    throw invalid(
      'The key is encrypted with a passphrase; decrypt it first ("openssl pkey -in key.pem -out plain.pem").',
    );
  }
  if (!/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(text)) {
    throw invalid('There is no PEM private key in the text; it begins with "-----BEGIN PRIVATE KEY-----".');
  }
  return attempt('The key cannot be read', () => createPrivateKey(text));
}

/** @returns its names */
function checkLeaf(leaf: X509Certificate, nowMs: number): string[] {
  if (leaf.ca) {
    throw invalid(
      "The first certificate is a CA's; the one for the hostname comes first, its chain after it.",
    );
  }
  const names = namesOf(leaf);
  if (names.length === 0) {
    throw invalid(
      'The certificate names no host in subjectAltName, and browsers look nowhere else; have it issued again with one.',
    );
  }
  if (leaf.validToDate.getTime() <= nowMs) {
    throw invalid(`The certificate expired at ${leaf.validToDate.toISOString()}; have it renewed.`);
  }
  if (leaf.validFromDate.getTime() > nowMs) {
    throw invalid(
      `The certificate is not valid before ${leaf.validFromDate.toISOString()}; wait for that, or check the edge's clock.`,
    );
  }
  return names;
}

function checkLinks(chain: readonly X509Certificate[]): void {
  for (const [i, certificate] of chain.slice(0, -1).entries()) {
    const next = chain[i + 1]!;
    if (isIssuedBy(certificate, next)) continue;
    throw invalid(
      `The chain is broken: certificate ${i + 2} (${subjectName(next)}) has not issued certificate ${i + 1} (${subjectName(certificate)}); put the certificate first, then each one's issuer.`,
    );
  }
}

function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  try {
    return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
  } catch {
    return false;
  }
}

function subjectName(certificate: X509Certificate): string {
  const [, name] = /^CN=(.*)$/m.exec(certificate.subject ?? '') ?? [];
  return name ?? namesOf(certificate)[0] ?? 'unnamed';
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
