// What an origin is told of who asks: fields in clear words, and a signed assertion (a JWT, RFC 7519, ES256) that it can
// check with the keys the edge publishes. The fields alone are as good as the way between edge and origin.
import { createPublicKey, type KeyObject, sign } from 'node:crypto';
import type { identityForms } from '#model/access-policy.ts';
import type { Visitor } from './visitor.ts';

/** An assertion is good for so long; a visitor gets a new one when half of it is over. */
const assertionMs = 10 * 60_000;

/** Audiences of one visitor that are remembered; each is a hostname. */
const maxTold = 64;

export interface Told {
  /** Hostname, or what the policy names. */
  readonly audience: string;
  readonly identity: readonly (typeof identityForms)[number][];
  readonly issuer: string;
  readonly wallMs: number;
}

/** Signs assertions with one private key (P-256). */
export class AssertionSigner {
  readonly #key: KeyObject;
  readonly #header: string;
  /** The published keys: a JSON Web Key Set (RFC 7517). */
  readonly keySet: string;

  constructor(key: KeyObject, keyId: string) {
    this.#key = key;
    this.#header = encode({ alg: 'ES256', typ: 'JWT', kid: keyId });
    const jwk = createPublicKey(key).export({ format: 'jwk' });
    this.keySet = JSON.stringify({ keys: [{ ...jwk, kid: keyId, use: 'sig', alg: 'ES256' }] });
  }

  /** Field lines for an origin, each ending in CRLF. HOT: made anew once in five minutes. */
  linesFor(visitor: Visitor, told: Told): string {
    const key = `${told.audience} ${told.identity.join(' ')}`;
    const known = visitor.told.get(key);
    if (known && told.wallMs < known.untilMs && told.wallMs > known.untilMs - assertionMs) return known.lines;
    const lines = this.#lines(visitor, told);
    if (visitor.told.size >= maxTold) visitor.told.clear();
    visitor.told.set(key, { lines, untilMs: told.wallMs + assertionMs / 2 });
    return lines;
  }

  #lines(visitor: Visitor, told: Told): string {
    const assertion = this.#sign(visitor, told);
    const { user } = visitor;
    const fields: [string, string][] = [['X-Sallyport-Assertion', assertion]];
    const groups = (user?.groups ?? []).map(fieldText).join(',');
    if (user) fields.push(['X-Sallyport-User', user.name], ['X-Sallyport-Groups', groups]);
    if (user && user.email !== '') fields.push(['X-Sallyport-Email', fieldText(user.email)]);
    if (visitor.certificate) fields.push(['X-Sallyport-Certificate', visitor.subject]);
    if (visitor.token) fields.push(['X-Sallyport-Token', visitor.token.name]);
    if (told.identity.includes('cloudflare')) {
      fields.push(['Cf-Access-Jwt-Assertion', assertion]);
      if (user && user.email !== '')
        fields.push(['Cf-Access-Authenticated-User-Email', fieldText(user.email)]);
    }
    if (told.identity.includes('remote-user') && user) {
      fields.push(['Remote-User', user.name], ['Remote-Groups', groups]);
      if (user.email !== '') fields.push(['Remote-Email', fieldText(user.email)]);
    }
    return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }

  #sign({ user, token, certificate, subject }: Visitor, { audience, issuer, wallMs }: Told): string {
    const now = Math.floor(wallMs / 1_000);
    const who = user
      ? {
          sub: user.id,
          name: user.name,
          ...(user.email === '' ? {} : { email: user.email }),
          groups: user.groups,
        }
      : certificate
        ? { sub: '', common_name: subject, certificate: certificate.fingerprint256 }
        : { sub: '', common_name: token?.name ?? '' };
    const payload = encode({
      iss: issuer,
      aud: [audience],
      ...who,
      iat: now,
      nbf: now - 5,
      exp: now + assertionMs / 1_000,
    });
    const text = `${this.#header}.${payload}`;
    const signature = sign('sha256', Buffer.from(text), { key: this.#key, dsaEncoding: 'ieee-p1363' });
    return `${text}.${signature.toString('base64url')}`;
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Groups and addresses as issuers write them: what no field may hold, and the comma between groups, as percent escapes. */
function fieldText(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x2b\x2d-\x7e]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}
