// Issues X.509 v3 certificates (RFC 5280) with ECDSA P-256 keys: a name-constrained root, and the leaves it signs.
// Certificates are only written here; they are read and checked by node:crypto.
import { createHash, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isIP } from 'node:net';
import { parseAddressBytes } from './address-bytes.ts';
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
import type { Random } from '#base/random.ts';

/** A certificate with its private key. */
export interface IssuedCertificate {
  readonly certPem: string;
  /** PKCS #8. */
  readonly keyPem: string;
}

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
  serverAuth: '1.3.6.1.5.5.7.3.1',
} as const;

/** A self-signed root that may sign leaves only, and only below its permitted names. */
export function issueRoot(options: IssueRootOptions): IssuedCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const keyId = keyIdOf(keys.publicKey);
  return write({
    subject: options.commonName,
    issuer: options.commonName,
    notBeforeMs: options.notBeforeMs,
    notAfterMs: options.notAfterMs,
    publicKey: keys.publicKey,
    subjectKey: keys.privateKey,
    signingKey: keys.privateKey,
    random: options.random,
    extensions: [
      // cA = TRUE, pathLenConstraint = 0: no further CA below this one.
      criticalExtension(oids.basicConstraints, sequence(booleanTrue, positiveInteger(Buffer.from([0])))),
      // keyCertSign (5) and cRLSign (6).
      criticalExtension(oids.keyUsage, bitString(Buffer.from([0b0000_0110]), 1)),
      criticalExtension(
        oids.nameConstraints,
        sequence(tlv(0xa0, Buffer.concat(options.permittedNames.map(permittedSubtree)))),
      ),
      extension(oids.subjectKeyIdentifier, octetString(keyId)),
    ],
  });
}

/** A server certificate signed by the root. */
export function issueLeaf(options: IssueLeafOptions): IssuedCertificate {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const issuerKeyId = keyIdOf(createPublicKey(options.issuerKey));
  return write({
    // No hostname in the subject: the names stand in subjectAltName, the subject only says who made it.
    subject: 'Sallyport edge',
    issuer: options.issuerName,
    notBeforeMs: options.notBeforeMs,
    notAfterMs: options.notAfterMs,
    publicKey: keys.publicKey,
    subjectKey: keys.privateKey,
    signingKey: options.issuerKey,
    random: options.random,
    extensions: [
      criticalExtension(oids.basicConstraints, sequence()),
      // digitalSignature (0).
      criticalExtension(oids.keyUsage, bitString(Buffer.from([0b1000_0000]), 7)),
      extension(oids.extendedKeyUsage, sequence(objectIdentifier(oids.serverAuth))),
      extension(oids.subjectAltName, sequence(...options.names.map(generalName))),
      extension(oids.subjectKeyIdentifier, octetString(keyIdOf(keys.publicKey))),
      extension(oids.authorityKeyIdentifier, sequence(tlv(0x80, issuerKeyId))),
    ],
  });
}

interface CertificateBody {
  readonly subject: string;
  readonly issuer: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly publicKey: KeyObject;
  readonly subjectKey: KeyObject;
  readonly signingKey: KeyObject;
  readonly random: Random;
  readonly extensions: readonly Buffer[];
}

function write(body: CertificateBody): IssuedCertificate {
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
  return isIP(name) ? tlv(0x87, parseAddressBytes(name)) : tlv(0x82, Buffer.from(name, 'latin1'));
}

/** GeneralSubtree: a DNS name stands for itself and all below it; an address is written with a full mask. */
function permittedSubtree(name: string): Buffer {
  if (!isIP(name)) return sequence(generalName(name));
  const address = parseAddressBytes(name);
  return sequence(tlv(0x87, Buffer.concat([address, Buffer.alloc(address.length, 0xff)])));
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
