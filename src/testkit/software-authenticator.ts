// A passkey authenticator and its browser in a few lines, for tests: it makes ES256 credentials and signs with them, as
// WebAuthn level 3 and CTAP 2.1 lay the bytes out, and can be told to do one thing wrong.
//
//   authenticator data   SHA-256 of the RP id (32)  flags (1)  counter (4)  [aaguid (16)  id length (2)  id  COSE key]
import { createHash, createSign, generateKeyPairSync, type KeyObject, randomBytes } from 'node:crypto';

/** What it is asked, as the API answers it. */
export interface CeremonyOptions {
  readonly challenge: string;
  readonly rp?: { readonly id: string };
  readonly rpId?: string;
  readonly user?: { readonly id: string };
}

/** One thing done wrong. */
export interface Mischief {
  readonly origin?: string;
  readonly rpId?: string;
  readonly challenge?: string;
  readonly type?: string;
  /** 0x01 user present, 0x04 user verified. */
  readonly flags?: number;
  readonly counter?: number;
  readonly userHandle?: string;
  /** Signs with another key. */
  readonly otherKey?: boolean;
}

export type AttestationForm = 'none' | 'packed';

interface Credential {
  readonly id: Buffer;
  readonly rpId: string;
  readonly userHandle: string;
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  counter: number;
}

const userPresent = 0x01;
const userVerified = 0x04;
const attestedData = 0x40;

export class SoftwareAuthenticator {
  readonly #origin: string;
  readonly #counts: boolean;
  readonly credentials: Credential[] = [];

  /** `counts`: as a hardware key does; synced passkeys always say 0. */
  constructor(origin: string, counts = false) {
    this.#origin = origin;
    this.#counts = counts;
  }

  /** `navigator.credentials.create(...)`, as JSON. */
  create(
    options: CeremonyOptions,
    form: AttestationForm = 'none',
    mischief: Mischief = {},
  ): Record<string, unknown> {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const credential: Credential = {
      ...{ id: randomBytes(32), privateKey, publicKey, counter: 0 },
      rpId: options.rp!.id,
      userHandle: options.user!.id,
    };
    this.credentials.push(credential);
    const attested = Buffer.concat([
      Buffer.alloc(16),
      uint16(credential.id.length),
      credential.id,
      coseKey(publicKey),
    ]);
    const authData = Buffer.concat([this.#authData(credential, mischief, attestedData), attested]);
    const clientData = this.#clientData('webauthn.create', options, mischief);
    const signed = Buffer.concat([authData, sha256(clientData)]);
    const statement: [string, Cbor][] =
      form === 'none'
        ? []
        : [
            ['alg', -7],
            ['sig', createSign('sha256').update(signed).sign(privateKey)],
          ];
    const attestationObject = cbor(
      new Map<string, Cbor>([
        ['fmt', form],
        ['attStmt', new Map(statement)],
        ['authData', authData],
      ]),
    );
    return {
      ...publicKeyCredential(credential.id),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        attestationObject: attestationObject.toString('base64url'),
        transports: ['internal', 'hybrid'],
      },
    };
  }

  /** `navigator.credentials.get(...)` with the newest credential, as JSON. */
  get(options: CeremonyOptions, mischief: Mischief = {}): Record<string, unknown> {
    const credential = this.credentials.findLast(({ rpId }) => rpId === options.rpId)!;
    if (this.#counts) credential.counter += 1;
    const authData = this.#authData(credential, mischief, 0);
    const clientData = this.#clientData('webauthn.get', options, mischief);
    const key = mischief.otherKey
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey
      : credential.privateKey;
    const signature = createSign('sha256').update(authData).update(sha256(clientData)).sign(key);
    return {
      ...publicKeyCredential(credential.id),
      response: {
        clientDataJSON: clientData.toString('base64url'),
        authenticatorData: authData.toString('base64url'),
        signature: signature.toString('base64url'),
        userHandle: mischief.userHandle ?? credential.userHandle,
      },
    };
  }

  #authData(credential: Credential, mischief: Mischief, flags: number): Buffer {
    const bytes = Buffer.alloc(37);
    sha256(Buffer.from(mischief.rpId ?? credential.rpId)).copy(bytes);
    bytes[32] = (mischief.flags ?? userPresent | userVerified) | flags;
    bytes.writeUInt32BE(mischief.counter ?? credential.counter, 33);
    return bytes;
  }

  #clientData(type: string, { challenge }: CeremonyOptions, mischief: Mischief): Buffer {
    return Buffer.from(
      JSON.stringify({
        type: mischief.type ?? type,
        challenge: mischief.challenge ?? challenge,
        origin: mischief.origin ?? this.#origin,
        crossOrigin: false,
      }),
    );
  }
}

function publicKeyCredential(id: Buffer): Record<string, unknown> {
  const text = id.toString('base64url');
  return {
    ...{ id: text, rawId: text, type: 'public-key' },
    authenticatorAttachment: 'platform',
    clientExtensionResults: {},
  };
}

/** RFC 9053, section 7.1.1: an EC2 key on P-256 for ES256. */
function coseKey(publicKey: KeyObject): Buffer {
  const { x, y } = publicKey.export({ format: 'jwk' });
  return cbor(
    new Map<number, Cbor>([
      [1, 2],
      [3, -7],
      [-1, 1],
      [-2, Buffer.from(x!, 'base64url')],
      [-3, Buffer.from(y!, 'base64url')],
    ]),
  );
}

type Cbor = number | string | Buffer | Map<string, Cbor> | Map<number, Cbor>;

/** RFC 8949, as far as authenticators need it. */
function cbor(value: Cbor): Buffer {
  if (typeof value === 'number') return value < 0 ? cborHead(1, -1 - value) : cborHead(0, value);
  if (typeof value === 'string')
    return Buffer.concat([cborHead(3, Buffer.byteLength(value)), Buffer.from(value)]);
  if (Buffer.isBuffer(value)) return Buffer.concat([cborHead(2, value.length), value]);
  const entries = [...(value as Map<string | number, Cbor>)].flatMap(([key, item]) => [
    cbor(key),
    cbor(item),
  ]);
  return Buffer.concat([cborHead(5, value.size), ...entries]);
}

function cborHead(major: number, count: number): Buffer {
  if (count < 24) return Buffer.from([(major << 5) | count]);
  if (count < 256) return Buffer.from([(major << 5) | 24, count]);
  return Buffer.concat([Buffer.from([(major << 5) | 25]), uint16(count)]);
}

function uint16(value: number): Buffer {
  return Buffer.from([value >> 8, value & 0xff]);
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
