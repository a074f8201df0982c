// Signed requests of ACME (RFC 8555 section 6.2): flattened JWS with ES256 by the account's P-256 key, and the binding of
// a new account to one that the owner has elsewhere (section 7.3.4).
import { createHash, createHmac, createPublicKey, type KeyObject, sign } from 'node:crypto';

/** A public P-256 key as JSON, members in the order that RFC 7638 hashes them in. */
export interface AccountJwk {
  readonly crv: string;
  readonly kty: string;
  readonly x: string;
  readonly y: string;
}

export interface ProtectedHeader {
  readonly url: string;
  readonly nonce: string;
  /** The account's URL; without one the public key itself goes along. */
  readonly kid: string | undefined;
}

/** Credentials that an authority gave its customer outside ACME. */
export interface ExternalAccount {
  readonly kid: string;
  /** base64url, as authorities hand it out. */
  readonly hmacKey: string;
}

/** The public half of an account key. */
export function accountJwk(key: KeyObject): AccountJwk {
  const { crv = '', kty = '', x = '', y = '' } = createPublicKey(key).export({ format: 'jwk' });
  return { crv, kty, x, y };
}

/** base64url SHA-256 of the account key (RFC 7638), which every challenge answer carries. */
export function accountThumbprint(key: KeyObject): string {
  return createHash('sha256')
    .update(JSON.stringify(accountJwk(key)))
    .digest('base64url');
}

/** The body of a signed request; `payload` undefined is a POST-as-GET (section 6.3). */
export function signRequest(key: KeyObject, header: ProtectedHeader, payload: object | undefined): string {
  const { url, nonce, kid } = header;
  const who = kid === undefined ? { jwk: accountJwk(key) } : { kid };
  const protectedPart = encode({ alg: 'ES256', nonce, url, ...who });
  const payloadPart = payload === undefined ? '' : encode(payload);
  const signature = sign('sha256', Buffer.from(`${protectedPart}.${payloadPart}`), {
    key,
    dsaEncoding: 'ieee-p1363',
  });
  return JSON.stringify({
    protected: protectedPart,
    payload: payloadPart,
    signature: signature.toString('base64url'),
  });
}

/** The `externalAccountBinding` member of a newAccount request to `url`. */
export function bindExternalAccount(account: ExternalAccount, key: KeyObject, url: string): object {
  const protectedPart = encode({ alg: 'HS256', kid: account.kid, url });
  const payloadPart = encode(accountJwk(key));
  const signature = createHmac('sha256', Buffer.from(account.hmacKey, 'base64url'))
    .update(`${protectedPart}.${payloadPart}`)
    .digest('base64url');
  return { protected: protectedPart, payload: payloadPart, signature };
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
