// Certificates made on the spot, for tests that speak real TLS on loopback. X.509 (RFC 5280) is written here by hand,
// so that a test can also make what no proper tool would: expired, misnamed, wrongly signed.
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import { isIP } from 'node:net';

export interface TestCertificate {
  readonly der: Buffer;
  /** PEM. */
  readonly cert: string;
  /** PEM, PKCS #8. */
  readonly key: string;
  readonly name: string;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  /** Common name. */
  readonly name: string;
  /** DNS names and IPv4 addresses of a leaf. */
  readonly names?: readonly string[];
  readonly isCa?: boolean;
  /** Self-signed without one. */
  readonly issuer?: TestCertificate;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Extended key usage; serverAuth unless `clientAuth` is asked for. */
  readonly purpose?: 'serverAuth' | 'clientAuth';
}

const dayMs = 86_400_000;

/** DER of the object identifiers used here. */
const oids = {
  ecdsaWithSha256: hex('06082a8648ce3d040302'),
  commonName: hex('0603550403'),
  basicConstraints: hex('0603551d13'),
  keyUsage: hex('0603551d0f'),
  extendedKeyUsage: hex('0603551d25'),
  subjectAltName: hex('0603551d11'),
  serverAuth: hex('06082b06010505070301'),
  clientAuth: hex('06082b06010505070302'),
};

/** Makes one certificate with a fresh P-256 key. */
export function createCertificate(options: CertificateOptions): TestCertificate {
  const { name, issuer } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const algorithm = sequence(oids.ecdsaWithSha256);
  const body = sequence(
    tlv(0xa0, hex('020102')),
    tlv(0x02, Buffer.concat([Buffer.from([1]), randomBytes(8)])),
    algorithm,
    nameOf(issuer?.name ?? name),
    sequence(
      timeOf(options.notBefore ?? new Date(Date.now() - dayMs)),
      timeOf(options.notAfter ?? new Date(Date.now() + 30 * dayMs)),
    ),
    nameOf(name),
    publicKey.export({ format: 'der', type: 'spki' }),
    tlv(0xa3, sequence(...extensionsOf(options))),
  );
  const signature = sign('sha256', body, issuer?.privateKey ?? privateKey);
  const der = sequence(body, algorithm, tlv(0x03, Buffer.concat([Buffer.from([0]), signature])));
  return {
    der,
    cert: `-----BEGIN CERTIFICATE-----\n${der.toString('base64').replaceAll(/.{64}(?=.)/g, '$&\n')}\n-----END CERTIFICATE-----\n`,
    key: String(privateKey.export({ format: 'pem', type: 'pkcs8' })),
    name,
    privateKey,
  };
}

function extensionsOf(options: CertificateOptions): Buffer[] {
  const { isCa = false, names = [], purpose = 'serverAuth' } = options;
  if (isCa) {
    // keyCertSign and cRLSign.
    return [
      extension(oids.basicConstraints, true, sequence(hex('0101ff'))),
      extension(oids.keyUsage, true, hex('03020106')),
    ];
  }
  const extensions = [
    extension(oids.basicConstraints, true, sequence()),
    extension(oids.extendedKeyUsage, false, sequence(oids[purpose])),
  ];
  if (names.length > 0)
    extensions.push(extension(oids.subjectAltName, false, sequence(...names.map(altName))));
  return extensions;
}

function extension(oid: Buffer, isCritical: boolean, value: Buffer): Buffer {
  return sequence(oid, ...(isCritical ? [hex('0101ff')] : []), tlv(0x04, value));
}

function altName(name: string): Buffer {
  return isIP(name) === 4
    ? tlv(0x87, Buffer.from(name.split('.').map(Number)))
    : tlv(0x82, Buffer.from(name));
}

function nameOf(commonName: string): Buffer {
  return sequence(tlv(0x31, sequence(oids.commonName, tlv(0x0c, Buffer.from(commonName)))));
}

/** GeneralizedTime throughout; readers take it for any year. */
function timeOf(date: Date): Buffer {
  return tlv(0x18, Buffer.from(`${date.toISOString().replaceAll(/[-:T]|\..*/g, '')}Z`));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, Buffer.concat(parts));
}

function tlv(tag: number, value: Buffer): Buffer {
  return Buffer.concat([Buffer.from([tag]), lengthOf(value.length), value]);
}

function lengthOf(length: number): Buffer {
  if (length < 0x80) return Buffer.from([length]);
  return length < 0x100 ? Buffer.from([0x81, length]) : Buffer.from([0x82, length >> 8, length & 0xff]);
}

function hex(text: string): Buffer {
  return Buffer.from(text, 'hex');
}
