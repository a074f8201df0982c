// Certificates made on the spot, for tests that speak real TLS on loopback: by the certs room's writer, put together
// from parts, so that a test can also have what no proper CA would issue: expired, misnamed, wrongly signed.
import { generateKeyPairSync, type KeyObject, X509Certificate } from 'node:crypto';
import { systemRandom } from '#base/random.ts';
import {
  caBasicConstraints,
  caKeyUsage,
  extendedKeyUsage,
  type KeyPurpose,
  leafBasicConstraints,
  nameConstraints,
  subjectAltName,
  writeCertificate,
} from '#certs/x509-write.ts';

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
  /** DNS names and addresses of a leaf. */
  readonly names?: readonly string[];
  readonly isCa?: boolean;
  /** Further CAs that may stand below this one; any number by default. */
  readonly pathLength?: number;
  /** What a CA may sign for; anything by default. */
  readonly permittedNames?: readonly string[];
  /** Self-signed without one. */
  readonly issuer?: TestCertificate;
  readonly notBefore?: Date;
  readonly notAfter?: Date;
  /** Extended key usage of a leaf; serverAuth by default. */
  readonly purpose?: KeyPurpose;
  /** Further extensions of a leaf, in DER. */
  readonly extensions?: readonly Buffer[];
}

const dayMs = 86_400_000;

/** Makes one certificate with a fresh P-256 key. */
export function createCertificate(options: CertificateOptions): TestCertificate {
  const { name, issuer, isCa = false } = options;
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const { certPem, keyPem } = writeCertificate({
    subject: name,
    issuer: issuer?.name ?? name,
    notBeforeMs: options.notBefore?.getTime() ?? Date.now() - dayMs,
    notAfterMs: options.notAfter?.getTime() ?? Date.now() + 30 * dayMs,
    publicKey,
    subjectKey: privateKey,
    signingKey: issuer?.privateKey ?? privateKey,
    random: systemRandom,
    extensions: isCa ? caExtensions(options) : leafExtensions(options),
  });
  return { der: new X509Certificate(certPem).raw, cert: certPem, key: keyPem, name, privateKey };
}

function caExtensions({ pathLength, permittedNames }: CertificateOptions): Buffer[] {
  const constraints = permittedNames === undefined ? [] : [nameConstraints(permittedNames)];
  return [caBasicConstraints(pathLength), caKeyUsage(), ...constraints];
}

function leafExtensions({
  names = [],
  purpose = 'serverAuth',
  extensions = [],
}: CertificateOptions): Buffer[] {
  const altNames = names.length > 0 ? [subjectAltName(names)] : [];
  return [leafBasicConstraints(), extendedKeyUsage(purpose), ...altNames, ...extensions];
}
