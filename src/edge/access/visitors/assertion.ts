// What an origin is told of who asks: fields in clear words, and a signed assertion (a JWT, RFC 7519, ES256) that it can
// check with the keys the edge publishes. The fields alone are as good as the way between edge and origin.
import { createPrivateKey, createPublicKey, type KeyObject, sign } from 'node:crypto';
import {
  type AccessKeyRing,
  type AssertionAlgorithm,
  assertionAlgorithms,
  type AssertionKey,
  keysOf,
  publishedKeys,
  signingKey,
} from '#model/access/access-keys.ts';
import type { identityForms } from '#model/access/access-policy.ts';
import type { Visitor } from './visitor.ts';

/** An assertion is good for so long; a visitor gets a new one when half of it is over. */
const assertionMs = 10 * 60_000;

/** Audiences of one visitor that are remembered; each is a hostname. */
const maxTold = 64;

export interface Told {
  /** Hostname, or what the policy names. */
  readonly audience: string;
  readonly identity: readonly (typeof identityForms)[number][];
  /** The same as a text. */
  readonly form: string;
  /** Asked for only when an assertion is made. */
  readonly issuer: () => string;
  readonly wallMs: number;
}

/** A key, ready to sign. */
interface ReadyKey {
  readonly key: KeyObject;
  readonly header: string;
  readonly algorithm: AssertionAlgorithm;
  readonly jwk: object;
}

/** The keys that sign now; looked for again when another may, or the ring has changed. */
interface Present {
  readonly ring: AccessKeyRing;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly ours: ReadyKey | undefined;
  readonly cloudflares: ReadyKey | undefined;
}

/** Keys are looked at so often; they change a day ahead. */
const lookEveryMs = 1_000;

/** Signs assertions with the keys of a ring: ours with P-256, those of Cloudflare's shape with RSA, as their verifiers want it. */
export class AssertionSigner {
  readonly #ring: () => AccessKeyRing;
  readonly #ready = new WeakMap<AssertionKey, ReadyKey>();
  #present: Present | undefined;

  constructor(ring: () => AccessKeyRing) {
    this.#ring = ring;
  }

  /** The published keys: a JSON Web Key Set (RFC 7517); of one algorithm only where verifiers know no other. */
  keySet(wallMs: number, only?: AssertionAlgorithm): string {
    const keys = assertionAlgorithms
      .filter((algorithm) => only === undefined || algorithm === only)
      .flatMap((algorithm) => publishedKeys(keysOf(this.#ring(), algorithm), wallMs));
    return JSON.stringify({ keys: keys.map((key) => this.#readyKey(key).jwk) });
  }

  /** Field lines for an origin, each ending in CRLF. HOT: made anew once in five minutes. */
  linesFor(visitor: Visitor, told: Told): string {
    const { wallMs, audience, form } = told;
    const present = this.#presentAt(wallMs);
    const key = form === '' ? audience : `${audience} ${form}`;
    const known = visitor.told.get(key);
    const isSame = known?.ours === present.ours && known?.cloudflares === present.cloudflares;
    if (known && isSame && wallMs < known.untilMs && wallMs > known.untilMs - assertionMs) return known.lines;
    const lines = this.#lines(visitor, told, present);
    if (visitor.told.size >= maxTold) visitor.told.clear();
    const { ours, cloudflares } = present;
    visitor.told.set(key, { lines, ours, cloudflares, untilMs: wallMs + assertionMs / 2 });
    return lines;
  }

  #presentAt(wallMs: number): Present {
    const ring = this.#ring();
    const known = this.#present;
    if (known?.ring === ring && wallMs < known.untilMs && wallMs >= known.fromMs) return known;
    const readyKey = (algorithm: AssertionAlgorithm): ReadyKey | undefined => {
      const key = signingKey(keysOf(ring, algorithm), wallMs);
      return key && this.#readyKey(key);
    };
    this.#present = {
      ...{ ring, fromMs: wallMs, untilMs: wallMs + lookEveryMs },
      ...{ ours: readyKey('ES256'), cloudflares: readyKey('RS256') },
    };
    return this.#present;
  }

  #readyKey(key: AssertionKey): ReadyKey {
    const known = this.#ready.get(key);
    if (known) return known;
    const { id, algorithm, pem } = key;
    const privateKey = createPrivateKey(pem);
    const jwk = createPublicKey(privateKey).export({ format: 'jwk' });
    const ready = {
      ...{ key: privateKey, algorithm },
      header: encode({ alg: algorithm, typ: 'JWT', kid: id }),
      jwk: { ...jwk, kid: id, use: 'sig', alg: algorithm },
    };
    this.#ready.set(key, ready);
    return ready;
  }

  #lines(visitor: Visitor, told: Told, { ours, cloudflares }: Present): string {
    const { user } = visitor;
    const fields: [string, string][] = [];
    if (ours) fields.push(['X-Sallyport-Assertion', signed(visitor, told, ours)]);
    const groups = (user?.groups ?? []).map(fieldText).join(',');
    if (user) fields.push(['X-Sallyport-User', user.name], ['X-Sallyport-Groups', groups]);
    if (user && user.email !== '') fields.push(['X-Sallyport-Email', fieldText(user.email)]);
    if (visitor.certificate) fields.push(['X-Sallyport-Certificate', visitor.subject]);
    if (visitor.token) fields.push(['X-Sallyport-Token', visitor.token.name]);
    if (told.identity.includes('cloudflare')) {
      // Its key is made when a policy asks for it first; a verifier takes no other.
      if (cloudflares) fields.push(['Cf-Access-Jwt-Assertion', signed(visitor, told, cloudflares)]);
      if (user && user.email !== '')
        fields.push(['Cf-Access-Authenticated-User-Email', fieldText(user.email)]);
    }
    if (told.identity.includes('remote-user') && user) {
      fields.push(['Remote-User', user.name], ['Remote-Groups', groups]);
      if (user.email !== '') fields.push(['Remote-Email', fieldText(user.email)]);
    }
    return fields.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  }
}

/** A JWT about the visitor. */
function signed(
  { user, token, certificate, subject }: Visitor,
  { audience, issuer, wallMs }: Told,
  { key, header, algorithm }: ReadyKey,
): string {
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
    iss: issuer(),
    aud: [audience],
    // Cloudflare says so of what is for an application.
    ...(algorithm === 'RS256' ? { type: 'app' } : {}),
    ...who,
    iat: now,
    nbf: now - 5,
    exp: now + assertionMs / 1_000,
  });
  const text = `${header}.${payload}`;
  // RFC 7518 section 3.4: both halves of an ECDSA signature side by side; RSASSA-PKCS1-v1_5 has one form.
  const signature = sign('sha256', Buffer.from(text), { key, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}

/** Groups and addresses as issuers write them: what no field may hold, and the comma between groups, as percent escapes. */
function fieldText(text: string): string {
  return text.replace(/[^\x20-\x24\x26-\x2b\x2d-\x7e]/gu, (char) => encodeURIComponent(char.toWellFormed()));
}
