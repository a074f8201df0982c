// A certificate request (PKCS #10, RFC 2986): the one shape that ACME needs, with no subject, the names in
// subjectAltName, and an ECDSA P-256 signature that proves possession of the key.
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import { bitString, objectIdentifier, positiveInteger, sequence, setOf, tlv } from './der.ts';
import { subjectAltName } from './x509-write.ts';

const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
/** PKCS #9 extensionRequest: extensions that the certificate should have. */
const extensionRequest = '1.2.840.113549.1.9.14';

/** DER of a request for a certificate with these DNS names, for a P-256 key. */
export function writeCertificateRequest(names: readonly string[], key: KeyObject): Buffer {
  const extensions = sequence(subjectAltName(names));
  const info = sequence(
    positiveInteger(Buffer.from([0])), // version 1
    sequence(), // no subject: authorities take the names from the extension
    createPublicKey(key).export({ format: 'der', type: 'spki' }),
    tlv(0xa0, sequence(objectIdentifier(extensionRequest), setOf(extensions))),
  );
  return sequence(info, sequence(objectIdentifier(ecdsaWithSha256)), bitString(sign('sha256', info, key)));
}
