// What a certificate says that node:crypto does not tell: the issuer's key identifier, the serial number as it is encoded,
// parts that OCSP hashes. Read from DER that OpenSSL has parsed before, so its form is sound.
import { type KeyObject, X509Certificate } from 'node:crypto';
import { DerError, readElements, readInside } from '#base/der-read.ts';

export interface CertificateFacts {
  /** Lower-case DNS names and IP addresses of subjectAltName. */
  readonly names: readonly string[];
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  /** Contents of the serial number's INTEGER. */
  readonly serial: Buffer;
  /** DER of the issuer's name. */
  readonly issuer: Buffer;
  /** The issuer's key identifier, if the certificate names it. */
  readonly authorityKeyId: Buffer | undefined;
  /** Of the first responder over HTTP, '' without one. */
  readonly ocspUrl: string;
  /** Whether a private key is the certificate's. */
  isFor(key: KeyObject): boolean;
}

const authorityKeyIdentifier = '551d23';

/** Reads the first certificate of a PEM text. @throws DerError or OpenSSL's error */
export function certificateFacts(pem: string): CertificateFacts {
  const certificate = new X509Certificate(pem);
  const [toBeSigned] = readInside(certificate.raw);
  // version [0]?, serialNumber, signature, issuer, validity, subject, subjectPublicKeyInfo, ...
  const fields = readElements(toBeSigned!.value).filter(({ tag }) => tag !== 0xa0);
  const [serial, , issuer] = fields;
  if (serial?.tag !== 0x02 || issuer?.tag !== 0x30)
    throw new DerError('the certificate has no serial number or issuer');
  const extensions = fields.find(({ tag }) => tag === 0xa3);
  return {
    names: namesOf(certificate),
    notBeforeMs: certificate.validFromDate.getTime(),
    notAfterMs: certificate.validToDate.getTime(),
    serial: serial.value,
    issuer: issuer.whole,
    authorityKeyId: extensions && keyIdIn(extensions.value),
    ocspUrl: /^OCSP - URI:(http:\/\/\S+)$/m.exec(certificate.infoAccess ?? '')?.[1] ?? '',
    isFor: (key) => certificate.checkPrivateKey(key),
  };
}

/** The id under which an authority gives renewal information (RFC 9773 section 4.1), undefined without a key id. */
export function renewalIdOf({ authorityKeyId, serial }: CertificateFacts): string | undefined {
  return authorityKeyId && `${authorityKeyId.toString('base64url')}.${serial.toString('base64url')}`;
}

/** DNS names and addresses of subjectAltName, as Node prints it: `DNS:a.example, IP Address:192.0.2.1`. */
export function namesOf(certificate: X509Certificate): string[] {
  const text = certificate.subjectAltName ?? '';
  return text.split(', ').flatMap((entry) => {
    const [, kind, name] = /^(DNS|IP Address):([^"]+)$/.exec(entry) ?? [];
    return kind === undefined ? [] : [name!.toLowerCase()];
  });
}

/** AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] ... } inside the extension's OCTET STRING. */
function keyIdIn(extensions: Buffer): Buffer | undefined {
  for (const extension of readInside(extensions)) {
    const parts = readElements(extension.value);
    if (parts[0]?.value.toString('hex') !== authorityKeyIdentifier) continue;
    return readInside(parts.at(-1)!.value).find(({ tag }) => tag === 0x80)?.value;
  }
  return undefined;
}
