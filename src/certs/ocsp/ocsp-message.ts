// The two messages of OCSP (RFC 6960) that stapling needs: a request for one certificate, and the answer, of which nothing
// is believed before its signature is. Pure; what travels is in staples.ts.
import { createHash, verify, X509Certificate } from 'node:crypto';
import { type DerElement, DerError, readElements, readInside } from '#base/der-read.ts';
import { certificateFacts } from '../certificate-facts.ts';
import { objectIdentifier, octetString, positiveInteger, sequence, tlv } from '../der.ts';

/** What a responder says of a certificate. */
export interface OcspAnswer {
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly thisUpdateMs: number;
  /** Undefined: newer information is available all the time. */
  readonly nextUpdateMs: number | undefined;
}

/** A certificate to be asked about. */
export interface OcspSubject {
  /** PEM of the certificate and, after it, its issuer. */
  readonly chainPem: string;
}

const sha1 = '1.3.14.3.2.26';
const basicResponse = '2b0601050507300101';
/** Purpose of a certificate that may sign for its issuer (RFC 6960 section 4.2.2.2). */
const ocspSigning = '1.3.6.1.5.5.7.3.9';

/** Hash of each signature algorithm that responders use, by the hex of its object identifier. */
const hashes: Readonly<Record<string, string>> = {
  '2a864886f70d010105': 'sha1',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
};

/** DER of a request. @throws when the issuer is not in the chain */
export function encodeOcspRequest(subject: OcspSubject): Buffer {
  return sequence(sequence(sequence(sequence(certIdOf(subject)))));
}

/**
 * Reads an answer and checks it: about this certificate, signed by its issuer or by one whom the issuer lets sign.
 * @throws DerError with the reason
 */
export function decodeOcspAnswer(bytes: Buffer, subject: OcspSubject): OcspAnswer {
  const [status, container] = readInside(bytes);
  if (status?.value[0] !== 0)
    throw new DerError(`the responder answers with status ${status?.value[0] ?? 'none'}`);
  const [typeOf, basic] = readInside(unwrap(container));
  if (typeOf?.value.toString('hex') !== basicResponse || !basic)
    throw new DerError('the answer is of another type');
  const [data, algorithm, signature, certificates] = readInside(basic.value);
  if (!data || !algorithm || !signature) throw new DerError('the answer is incomplete');
  checkSignature({ data, algorithm, signature }, signersOf(subject, certificates));
  return singleOf(data, subject);
}

/** The element inside an explicit tag. */
function unwrap(tagged: DerElement | undefined): Buffer {
  if (!tagged) throw new DerError('the answer is empty');
  return tagged.value;
}

function certIdOf({ chainPem }: OcspSubject): Buffer {
  const { issuer, serial } = certificateFacts(chainPem);
  return sequence(
    sequence(objectIdentifier(sha1), tlv(0x05, Buffer.alloc(0))),
    octetString(createHash('sha1').update(issuer).digest()),
    octetString(
      createHash('sha1')
        .update(keyBitsOf(issuerOf(chainPem)))
        .digest(),
    ),
    positiveInteger(serial),
  );
}

/** The second certificate of a chain. @throws DerError */
export function issuerOf(chainPem: string): X509Certificate {
  const [, issuer] = chainPem.match(/-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/g) ?? [];
  if (issuer === undefined) throw new DerError('the issuer is not in the chain');
  return new X509Certificate(issuer);
}

/** The public key's bits, without the algorithm around them. */
function keyBitsOf(certificate: X509Certificate): Buffer {
  const [, bits] = readInside(certificate.publicKey.export({ format: 'der', type: 'spki' }));
  return bits!.value.subarray(1);
}

/** Who may have signed: the issuer, and certificates in the answer that the issuer has made for this purpose. */
function signersOf({ chainPem }: OcspSubject, certificates: DerElement | undefined): X509Certificate[] {
  const issuer = issuerOf(chainPem);
  const enclosed = certificates ? readInside(certificates.value) : [];
  const delegates = enclosed
    .map(({ whole }) => new X509Certificate(whole))
    .filter((delegate) => {
      const purposes: readonly string[] = delegate.keyUsage ?? [];
      return (
        purposes.includes(ocspSigning) && delegate.checkIssued(issuer) && delegate.verify(issuer.publicKey)
      );
    });
  return [issuer, ...delegates];
}

function checkSignature(
  signed: { readonly data: DerElement; readonly algorithm: DerElement; readonly signature: DerElement },
  signers: readonly X509Certificate[],
): void {
  const [identifier] = readElements(signed.algorithm.value);
  const hash = hashes[identifier?.value.toString('hex') ?? ''];
  if (hash === undefined) throw new DerError('the answer is signed by an algorithm that is not known here');
  // One byte of unused bits stands before the bits.
  const bits = signed.signature.value.subarray(1);
  const isSigned = signers.some(({ publicKey }) => verify(hash, signed.data.whole, publicKey, bits));
  if (!isSigned) throw new DerError('the answer is signed by nobody who may');
}

/** ResponseData: version [0]?, responder [1] or [2], producedAt, responses. */
function singleOf(data: DerElement, subject: OcspSubject): OcspAnswer {
  const fields = readElements(data.value);
  const responses = fields.find(({ tag }) => tag === 0x30);
  const own = certIdOf(subject);
  for (const single of responses ? readElements(responses.value) : []) {
    const [id, status, thisUpdate, next] = readElements(single.value);
    if (!id || !isSameId(id.whole, own) || !status || !thisUpdate) continue;
    const nextUpdate = next?.tag === 0xa0 ? readElements(next.value)[0] : undefined;
    return {
      status: status.tag === 0x80 ? 'good' : status.tag === 0xa1 ? 'revoked' : 'unknown',
      thisUpdateMs: timeOf(thisUpdate),
      nextUpdateMs: nextUpdate && timeOf(nextUpdate),
    };
  }
  throw new DerError('the answer is about another certificate');
}

/** All but the algorithm's parameters, which may be NULL or missing. */
function isSameId(a: Buffer, b: Buffer): boolean {
  const [algorithmA, ...restA] = readInside(a);
  const [algorithmB, ...restB] = readInside(b);
  const oid = (element: DerElement): Buffer => readElements(element.value)[0]!.whole;
  return (
    oid(algorithmA!).equals(oid(algorithmB!)) &&
    restA.length === restB.length &&
    restA.every((element, i) => element.whole.equals(restB[i]!.whole))
  );
}

/** GeneralizedTime in the only form that DER allows here: `20261127101500Z`. */
function timeOf({ tag, value }: DerElement): number {
  const text = value.toString('latin1');
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(text);
  if (tag !== 0x18 || !match) throw new DerError('a time in the answer cannot be read');
  const [, year, month, day, hour, minute, second] = match.map(Number);
  return Date.UTC(year!, month! - 1, day, hour, minute, second);
}
