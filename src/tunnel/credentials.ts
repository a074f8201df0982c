// What a connector proves its identity with: a tunnel's id and secret, in cloudflared's token and file formats.
// The Ed25519 key pair is derived from the secret, so the token stays short; the edge keeps the public key only.
import { createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign, verify } from 'node:crypto';
import { SallyportError } from '#base/errors.ts';
import type { Random } from '#base/random.ts';
import { createUuid } from '#base/text/uuid.ts';

/** A tunnel's credentials; whoever holds them is the tunnel. Never log one. */
export interface TunnelCredentials {
  /** Account tag, kept for cloudflared's format; opaque. */
  readonly accountTag: string;
  /** UUID, lower-case. */
  readonly tunnelId: string;
  /** 32 bytes. */
  readonly secret: Uint8Array;
  /** `host:port` of the edge, or ''. */
  readonly edgeAddress: string;
  /** base64url SHA-256 of the DER of a CA certificate that may vouch for the edge beside the system roots, or ''. */
  readonly caPin: string;
}

const secretBytes = 32;
const uuidPattern = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const addressPattern = /^(\[[0-9a-fA-F:.]+\]|[^\s:/[\]]+):([0-9]{1,5})$/;
const pinPattern = /^[A-Za-z0-9_-]{43}$/;

/** RFC 8410: the DER that goes before the 32 raw bytes of an Ed25519 private (PKCS #8) and public (SPKI) key. */
const pkcs8Prefix = Buffer.from('302e020100300506032b657004220420', 'hex');
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

/** Reads a token: standard base64 of JSON `{a, s, t, e?, p?}`; `file` is named in errors, where it came from one. */
export function parseToken(text: string, file = ''): TunnelCredentials {
  const invalid = (why: string): SallyportError => invalidToken(why, file);
  const trimmed = text.trim();
  if (trimmed === '') throw invalid('it is empty');
  if (!/^[A-Za-z0-9+/_-]+={0,2}$/.test(trimmed)) throw invalid('it is not base64');
  const fields = jsonFields(Buffer.from(trimmed, 'base64').toString('utf8'), invalid);
  return fromFields(
    { account: fields.a, secret: fields.s, tunnelId: fields.t, edgeAddress: fields.e, caPin: fields.p },
    invalid,
  );
}

/** The token of these credentials, in the form `parseToken` reads. */
export function formatToken(credentials: TunnelCredentials): string {
  const { accountTag, tunnelId, edgeAddress, caPin } = credentials;
  const fields = {
    a: accountTag,
    s: secretText(credentials),
    t: tunnelId,
    ...(edgeAddress === '' ? {} : { e: edgeAddress }),
    ...(caPin === '' ? {} : { p: caPin }),
  };
  return Buffer.from(JSON.stringify(fields)).toString('base64');
}

/** Reads a credentials file's JSON; `file` is named in errors. */
export function parseCredentialsFile(json: string, file: string): TunnelCredentials {
  const invalid = (why: string): SallyportError =>
    new SallyportError(
      'credentials-invalid',
      `The tunnel credentials file ${file} cannot be used: ${why}. Create the tunnel again or restore the file.`,
    );
  if (json.trim() === '') throw invalid('it is empty');
  const fields = jsonFields(json, invalid);
  return fromFields(
    {
      account: fields.AccountTag,
      secret: fields.TunnelSecret,
      tunnelId: fields.TunnelID,
      edgeAddress: fields.Endpoint,
      caPin: fields.CaPin,
    },
    invalid,
  );
}

/** The JSON text of a credentials file. */
export function formatCredentialsFile(credentials: TunnelCredentials): string {
  const { accountTag, tunnelId, edgeAddress, caPin } = credentials;
  const fields = {
    AccountTag: accountTag,
    TunnelSecret: secretText(credentials),
    TunnelID: tunnelId,
    ...(edgeAddress === '' ? {} : { Endpoint: edgeAddress }),
    ...(caPin === '' ? {} : { CaPin: caPin }),
  };
  return `${JSON.stringify(fields)}\n`;
}

/** Fresh credentials for a new tunnel: a random id (UUID v4), account tag and secret. */
export function createCredentials(random: Random, edgeAddress: string, caPin: string): TunnelCredentials {
  return {
    accountTag: random.bytes(16).toString('hex'),
    tunnelId: createUuid(random),
    secret: random.bytes(secretBytes),
    edgeAddress,
    caPin,
  };
}

/** The raw 32-byte Ed25519 public key, which the edge is given. */
export function publicKeyOf(credentials: TunnelCredentials): Uint8Array {
  const der = createPublicKey(privateKeyOf(credentials)).export({ format: 'der', type: 'spki' });
  return new Uint8Array(der.subarray(der.length - 32));
}

/** An Ed25519 signature (64 bytes) by the tunnel's key. */
export function signWith(credentials: TunnelCredentials, message: Uint8Array): Uint8Array {
  return sign(null, message, privateKeyOf(credentials));
}

/** Whether `signature` over `message` was made by the holder of `publicKey` (32 raw bytes); false for any malformed input. */
export function verifySignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  if (publicKey.length !== 32 || signature.length !== 64) return false;
  try {
    const key = createPublicKey({ key: Buffer.concat([spkiPrefix, publicKey]), format: 'der', type: 'spki' });
    return verify(null, message, key, signature);
  } catch {
    return false;
  }
}

/** Ed25519 seed = HKDF-SHA256(secret, salt = the tunnel id's text, info = a fixed label). */
function privateKeyOf(credentials: TunnelCredentials): KeyObject {
  const seed = hkdfSync('sha256', credentials.secret, credentials.tunnelId, 'sallyport/1 connector key', 32);
  const der = Buffer.concat([pkcs8Prefix, Buffer.from(seed)]);
  return createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
}

interface RawFields {
  readonly account: unknown;
  readonly secret: unknown;
  readonly tunnelId: unknown;
  readonly edgeAddress: unknown;
  readonly caPin: unknown;
}

function fromFields(raw: RawFields, invalid: (why: string) => SallyportError): TunnelCredentials {
  const tunnelId = typeof raw.tunnelId === 'string' ? raw.tunnelId.toLowerCase() : '';
  if (!uuidPattern.test(tunnelId)) throw invalid('its tunnel id is not a UUID');
  const secret = Buffer.from(typeof raw.secret === 'string' ? raw.secret : '', 'base64');
  if (secret.length !== secretBytes) {
    throw invalid(`its secret has ${secret.length} bytes where ${secretBytes} are needed`);
  }
  const edgeAddress = optionalText(raw.edgeAddress);
  if (edgeAddress !== '' && !addressPattern.test(edgeAddress)) {
    throw invalid(`its edge address "${edgeAddress}" is not of the form host:port`);
  }
  const caPin = optionalText(raw.caPin);
  if (caPin !== '' && !pinPattern.test(caPin)) throw invalid('its CA pin is not a base64url SHA-256');
  return { accountTag: optionalText(raw.account), tunnelId, secret, edgeAddress, caPin };
}

function optionalText(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function jsonFields(text: string, invalid: (why: string) => SallyportError): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw invalid('it does not hold JSON');
  }
  if (typeof value !== 'object' || value === null) throw invalid('it does not hold a JSON object');
  return value as Record<string, unknown>;
}

function invalidToken(why: string, file: string): SallyportError {
  const where = file === '' ? '' : ` into ${file}`;
  return new SallyportError(
    'credentials-invalid',
    `Provided Tunnel token is not valid. The cause: ${why}; copy the whole token again${where}.`,
  );
}

function secretText(credentials: TunnelCredentials): string {
  return Buffer.from(credentials.secret).toString('base64');
}
