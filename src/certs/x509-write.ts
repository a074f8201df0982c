// Writes X.509 v3 certificates (RFC 5280) with ECDSA P-256 signatures, from parts: the body, and extensions each made by
// a function of its own. What shapes are issued stands in x509-issue.ts. Certificates are only written here; they are
// read and checked by node:crypto.
import { createHash, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { addressBytes } from '#base/net/ip.ts';
import type { Random } from '#base/random.ts';
import {
  bitString,
  booleanTrue,
  objectIdentifier,
  octetString,
  positiveInteger,
  sequence,
  setOf,
  time,
  tlv,
  utf8String,
} from './der.ts';

/** A certificate with its private key. */
export interface IssuedCertificate {
  readonly certPem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

export interface CertificateBody {
  /** Common names of whom the certificate is about and who signs it. */
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: KeyObject;
  /** The private key to `publicKey`, handed back with the certificate. */
  readonly subjectKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly random: Random;
  /** DER of each, as the functions below make them. */
  readonly extensions: readonly Buffer[];
}

const oids = {
  ecdsaWithSha256: '1.2.840.10045.4.3.2',
  commonName: '2.5.4.3',
  subjectKeyIdentifier: '2.5.29.14',
  keyUsage: '2.5.29.15',
  subjectAltName: '2.5.29.17',
  basicConstraints: '2.5.29.19',
  nameConstraints: '2.5.29.30',
  authorityKeyIdentifier: '2.5.29.35',
  extendedKeyUsage: '2.5.29.37',
  acmeIdentifier: '1.3.6.1.5.5.7.1.31',
  authorityInfoAccess: '1.3.6.1.5.5.7.1.1',
  ocsp: '1.3.6.1.5.5.7.48.1',
} as const;

const purposes = { serverAuth: '1.3.6.1.5.5.7.3.1', clientAuth: '1.3.6.1.5.5.7.3.2' } as const;

/** What a key may be used for over TLS. */
export type KeyPurpose = keyof typeof purposes;

/** Signs a certificate with `signingKey`, a P-256 key. */
export function writeCertificate(body: CertificateBody): IssuedCertificate {
  const algorithm = sequence(objectIdentifier(oids.ecdsaWithSha256));
  const toBeSigned = sequence(
    tlv(0xa0, positiveInteger(Buffer.from([2]))), // version 3
    positiveInteger(serialNumber(body.random)),
    algorithm,
    distinguishedName(body.issuer),
    sequence(time(body.notBeforeMs), time(body.notAfterMs)),
    distinguishedName(body.subject),
    body.publicKey.export({ format: 'der', type: 'spki' }),
    tlv(0xa3, sequence(...body.extensions)),
  );
  const signature = sign('sha256', toBeSigned, body.signingKey);
  return {
    certPem: pem(sequence(toBeSigned, algorithm, bitString(signature))),
    keyPem: String(body.subjectKey.export({ format: 'pem', type: 'pkcs8' })),
  };
}

// Extensions, in the order of RFC 5280 section 4.2.1.

/** The key in the certificate above this one. */
export function authorityKeyIdentifier(issuerKey: KeyObject): Buffer {
  return extension(oids.authorityKeyIdentifier, sequence(tlv(0x80, keyIdOf(issuerKey))));
}

export function subjectKeyIdentifier(publicKey: KeyObject): Buffer {
  return extension(oids.subjectKeyIdentifier, octetString(keyIdOf(publicKey)));
}

/** A CA's key: keyCertSign (5) and cRLSign (6). */
export function caKeyUsage(): Buffer {
  return criticalExtension(oids.keyUsage, bitString(Buffer.from([0b0000_0110]), 1));
}

/** A leaf's key: digitalSignature (0). */
export function leafKeyUsage(): Buffer {
  return criticalExtension(oids.keyUsage, bitString(Buffer.from([0b1000_0000]), 7));
}

/** DNS names (`*.` allowed) and IP addresses. */
export function subjectAltName(names: readonly string[]): Buffer {
  return extension(oids.subjectAltName, sequence(...names.map(generalName)));
}

/** A CA, below which there may be `pathLength` further ones (any number when undefined). */
export function caBasicConstraints(pathLength: number | undefined): Buffer {
  const limit = pathLength === undefined ? [] : [positiveInteger(Buffer.from([pathLength]))];
  return criticalExtension(oids.basicConstraints, sequence(booleanTrue, ...limit));
}

/** Not a CA. */
export function leafBasicConstraints(): Buffer {
  return criticalExtension(oids.basicConstraints, sequence());
}

/** What a CA may sign for: DNS names, each with everything below it, and single addresses. */
export function nameConstraints(permitted: readonly string[]): Buffer {
  const subtrees = tlv(0xa0, Buffer.concat(permitted.map(permittedSubtree)));
  return criticalExtension(oids.nameConstraints, sequence(subtrees));
}

export function extendedKeyUsage(purpose: KeyPurpose): Buffer {
  return extension(oids.extendedKeyUsage, sequence(objectIdentifier(purposes[purpose])));
}

/** Where the certificate's OCSP responder is. */
export function authorityInfoAccess(ocspUrl: string): Buffer {
  const location = tlv(0x86, Buffer.from(ocspUrl, 'latin1'));
  return extension(oids.authorityInfoAccess, sequence(sequence(objectIdentifier(oids.ocsp), location)));
}

/** The digest of a challenge's answer, for TLS-ALPN-01 (RFC 8737 section 3). */
export function acmeIdentifier(digest: Uint8Array): Buffer {
  return criticalExtension(oids.acmeIdentifier, octetString(digest));
}

/** 127 random bits under a set one: positive, unpredictable, at most 20 octets (RFC 5280 section 4.1.2.2). */
function serialNumber(random: Random): Buffer {
  const bytes = Buffer.from(random.bytes(16));
  bytes[0] = (bytes[0]! & 0x7f) | 0x40;
  return bytes;
}

function distinguishedName(commonName: string): Buffer {
  return sequence(setOf(sequence(objectIdentifier(oids.commonName), utf8String(commonName))));
}

/** RFC 7093 section 2, method 1: the first 160 bits of SHA-256 over the public key. */
function keyIdOf(publicKey: KeyObject): Buffer {
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  return createHash('sha256').update(spki).digest().subarray(0, 20);
}

function extension(oid: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(oid), octetString(value));
}

function criticalExtension(oid: string, value: Buffer): Buffer {
  return sequence(objectIdentifier(oid), booleanTrue, octetString(value));
}

/** GeneralName: dNSName [2] or iPAddress [7]. */
function generalName(name: string): Buffer {
  return isIP(name) ? tlv(0x87, addressOctets(name)) : tlv(0x82, Buffer.from(name, 'latin1'));
}

/** GeneralSubtree: a DNS name stands for itself and all below it; an address is written with a full mask. */
function permittedSubtree(name: string): Buffer {
  if (!isIP(name)) return sequence(generalName(name));
  const address = addressOctets(name);
  return sequence(tlv(0x87, Buffer.concat([address, Buffer.alloc(address.length, 0xff)])));
}

/** 4 octets for IPv4, 16 for IPv6 (RFC 5280 section 4.2.1.6); the caller has checked that it is an address. */
function addressOctets(address: string): Uint8Array {
  const bytes = addressBytes(address)!;
  return isIP(address) === 4 ? bytes.subarray(12) : bytes;
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
