// A certificate revocation list (RFC 5280 section 5), read as far as access needs it: whose it is, until when it is good, and
// which serial numbers it names. Its signature is checked against the authority before anything in it counts.
//
//   CertificateList  SEQUENCE { tbs SEQUENCE { [version], algorithm, issuer, thisUpdate, [nextUpdate], [revoked], ... },
//                               algorithm, signature BIT STRING }
import { verify, type X509Certificate } from 'node:crypto';
import { type DerElement, DerError, readElements, readInside } from '#base/der-read.ts';

export interface RevocationList {
  /** Serial numbers in upper-case hex without leading zeros. */
  readonly serials: ReadonlySet<string>;
  /** From then on nobody knows what was revoked; Infinity where the authority does not say. */
  readonly nextUpdateMs: number;
  /** Whether this authority's certificate has signed it. */
  isOf(issuer: X509Certificate): boolean;
}

const tags = { integer: 0x02, oid: 0x06, utcTime: 0x17, generalizedTime: 0x18, sequence: 0x30 } as const;

/** Hashes of signature algorithms by the bytes of their OIDs in hex; null where the algorithm has its own. */
const hashes: Readonly<Record<string, string | null>> = {
  '2a8648ce3d040302': 'sha256',
  '2a8648ce3d040303': 'sha384',
  '2a8648ce3d040304': 'sha512',
  '2a864886f70d01010b': 'sha256',
  '2a864886f70d01010c': 'sha384',
  '2a864886f70d01010d': 'sha512',
  '2b6570': null,
};

/** Reads one in PEM or DER. @throws DerError */
export function readRevocationList(bytes: Buffer): RevocationList {
  const [, base64] =
    /-----BEGIN X509 CRL-----([A-Za-z0-9+/=\s]+)-----END X509 CRL-----/.exec(bytes.toString('latin1')) ?? [];
  const [tbs, algorithm, signature] = readInside(
    base64 === undefined ? bytes : Buffer.from(base64, 'base64'),
  );
  if (!tbs || !algorithm || !signature || signature.value.length < 2)
    throw new DerError('this is no list of revoked certificates');
  const [oid] = readElements(algorithm.value);
  const hash = hashes[oid?.value.toString('hex') ?? ''];
  if (hash === undefined) throw new DerError('the list is signed in a way that is not known here');
  const parts = readElements(tbs.value);
  // algorithm and issuer stand before the times; a version before both.
  const times = parts.flatMap((part) => timeOf(part));
  const firstTime = parts.findIndex((part) => timeOf(part).length > 0);
  const revoked = parts[firstTime + times.length];
  const serials = revoked?.tag === tags.sequence ? readElements(revoked.value).map(serialOf) : [];
  return {
    serials: new Set(serials),
    nextUpdateMs: times[1] ?? Infinity,
    isOf: (issuer) => verify(hash, tbs.whole, issuer.publicKey, signature.value.subarray(1)),
  };
}

function serialOf(entry: DerElement): string {
  const [serial] = readElements(entry.value);
  if (serial?.tag !== tags.integer) throw new DerError('an entry of the list has no serial number');
  return serial.value
    .toString('hex')
    .replace(/^0+(?=.)/, '')
    .toUpperCase();
}

/** UTCTime or GeneralizedTime in the forms that DER allows; none for other elements. */
function timeOf({ tag, value }: DerElement): number[] {
  if (tag !== tags.utcTime && tag !== tags.generalizedTime) return [];
  const text = value.toString('latin1');
  const [, year, rest] = /^(\d\d|\d{4})(\d{10})Z$/.exec(text) ?? [];
  if (year === undefined) throw new DerError('a time of the list cannot be read');
  const whole = year.length === 4 ? year : `${Number(year) < 50 ? '20' : '19'}${year}`;
  const [month, day, hour, minute, second] = rest!.match(/\d\d/g)!;
  return [Date.parse(`${whole}-${month}-${day}T${hour}:${minute}:${second}Z`)];
}
