// The two shapes of certificate that the internal CA issues: a root that is constrained to its names, and the leaves it
// signs. Keys are ECDSA P-256, made here (docs/adr/0003-own-x509-writer.md says why by hand).
import { createPublicKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import type { Random } from '#base/random.ts';
import {
  authorityKeyIdentifier,
  caBasicConstraints,
  caKeyUsage,
  extendedKeyUsage,
  type IssuedCertificate,
  leafBasicConstraints,
  leafKeyUsage,
  nameConstraints,
  subjectAltName,
  subjectKeyIdentifier,
  writeCertificate,
} from './x509-write.ts';

/** What a root may sign for: DNS names (each with everything below it) and IP addresses. */
export interface IssueRootOptions {
  readonly commonName: string;
  /** Permitted DNS suffixes and IP addresses (RFC 5280 section 4.2.1.10). */
  readonly permittedNames: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly random: Random;
}

export interface IssueLeafOptions {
  /** DNS names (`*.` allowed) and IP addresses that the certificate is for. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly issuerName: string;
  readonly issuerKey: KeyObject;
  readonly random: Random;
}

/** A self-signed root that may sign leaves only, and only below its permitted names. */
export function issueRoot(options: IssueRootOptions): IssuedCertificate {
  const { commonName, permittedNames, ...rest } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return writeCertificate({
    ...rest,
    subject: commonName,
    issuer: commonName,
    publicKey,
    subjectKey: privateKey,
    signingKey: privateKey,
    extensions: [
      caBasicConstraints(0),
      caKeyUsage(),
      nameConstraints(permittedNames),
      subjectKeyIdentifier(publicKey),
    ],
  });
}

/** A server certificate signed by the root. */
export function issueLeaf(options: IssueLeafOptions): IssuedCertificate {
  const { names, issuerName, issuerKey, ...rest } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return writeCertificate({
    ...rest,
    // No hostname in the subject: the names stand in subjectAltName, the subject only says who made it.
    subject: 'Sallyport edge',
    issuer: issuerName,
    publicKey,
    subjectKey: privateKey,
    signingKey: issuerKey,
    extensions: [
      leafBasicConstraints(),
      leafKeyUsage(),
      extendedKeyUsage('serverAuth'),
      subjectAltName(names),
      subjectKeyIdentifier(publicKey),
      authorityKeyIdentifier(createPublicKey(issuerKey)),
    ],
  });
}
