// The three ways to show an authority that a hostname leads here, and what each shows for a token. Pure, but for the key
// that a TLS-ALPN-01 certificate is made with.
import { createHash, generateKeyPairSync } from 'node:crypto';
import type { Random } from '#base/random.ts';
import { acmeIdentifier, leafBasicConstraints, subjectAltName, writeCertificate } from '../x509-write.ts';
import type { IssuedCertificate } from '../x509-write.ts';

/** Where HTTP-01 looks, before the token. */
export const httpChallengePath = '/.well-known/acme-challenge/';

/** The ALPN protocol of a TLS-ALPN-01 validation. */
export const challengeProtocol = 'acme-tls/1';

/** What proves control: the token bound to the account (RFC 8555 section 8.1). HTTP-01 serves it as it is. */
export function keyAuthorization(token: string, thumbprint: string): string {
  return `${token}.${thumbprint}`;
}

/** Where DNS-01 looks for a name; a wildcard is proved at its base. */
export function txtNameOf(name: string): string {
  return `_acme-challenge.${name.replace(/^\*\./, '')}`;
}

/** The TXT record's value. */
export function txtValueOf(authorization: string): string {
  return createHash('sha256').update(authorization).digest('base64url');
}

/** A day on both sides: validators' clocks differ, and the certificate is worth nothing to anybody. */
const challengeLifeMs = 86_400_000;

/** The self-signed certificate that TLS-ALPN-01 wants to see under `name`. */
export function challengeCertificate(
  name: string,
  authorization: string,
  { wallMs, random }: { readonly wallMs: number; readonly random: Random },
): IssuedCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return writeCertificate({
    subject: 'Sallyport ACME challenge',
    issuer: 'Sallyport ACME challenge',
    notBeforeMs: wallMs - challengeLifeMs,
    notAfterMs: wallMs + challengeLifeMs,
    publicKey,
    subjectKey: privateKey,
    signingKey: privateKey,
    random,
    extensions: [
      leafBasicConstraints(),
      subjectAltName([name]),
      acmeIdentifier(createHash('sha256').update(authorization).digest()),
    ],
  });
}
