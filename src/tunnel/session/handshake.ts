// How an edge and a connector come to trust each other above TLS (docs/protocol/tunnel.md, "Handshake").
//
// TLS has already proved the edge to the connector. The connector proves that it holds the tunnel's key by signing
// the edge's nonce together with keying material exported from this very TLS session (RFC 9266's idea), so a
// signature is worth nothing on any other connection, not even to an edge that relays it.
import { Buffer } from 'node:buffer';
import { uuidBytes, type Auth, type ConnectorInfo, type Hello } from '#wire/tunnel-message.ts';
import type { DisconnectReason } from '../connection.ts';
import { signWith, type TunnelCredentials, verifySignature } from '../credentials.ts';

export const protocolVersion = 1;
export const exporterLabel = 'EXPORTER-sallyport/1';
export const exporterBytes = 32;

/** From transport start to WELCOME. */
export const handshakeLimitMs = 10_000;

/** Keeps these signatures from meaning anything in another protocol. */
const signatureLabel = Buffer.from('sallyport/1 connector authentication\0');

/** What an edge knows of a tunnel. */
export interface TunnelKeys {
  /** Raw Ed25519 keys that are valid now. */
  readonly publicKeys: readonly Uint8Array[];
  /** Keys that were valid once: their holder is told `revoked`, everyone else only `unauthorized`. */
  readonly revokedKeys?: readonly Uint8Array[];
  /** Who keeps its ingress rules; told in WELCOME. */
  readonly management?: 'local' | 'remote';
}

/** The bytes a connector signs. */
export function signedMessage(
  exporter: Uint8Array,
  nonce: Uint8Array,
  identity: { readonly tunnelId: string; readonly instanceId: string; readonly index: number },
): Buffer {
  return Buffer.concat([
    signatureLabel,
    exporter,
    nonce,
    uuidBytes(identity.tunnelId),
    uuidBytes(identity.instanceId),
    Buffer.from([identity.index]),
  ]);
}

export interface ConnectorIdentity {
  readonly credentials: TunnelCredentials;
  /** UUID of this connector process. */
  readonly instanceId: string;
  readonly index: number;
  readonly info: ConnectorInfo;
}

/** The AUTH that answers a HELLO. */
export function answerHello(identity: ConnectorIdentity, hello: Hello, exporter: Uint8Array): Auth {
  const { credentials, instanceId, index, info } = identity;
  const { tunnelId } = credentials;
  const message = signedMessage(exporter, hello.nonce, { tunnelId, instanceId, index });
  return {
    version: protocolVersion,
    tunnelId,
    instanceId,
    index,
    signature: signWith(credentials, message),
    info,
  };
}

/** Why a HELLO or AUTH of this version cannot be used, or undefined. */
export function versionFault(version: number): { reason: DisconnectReason; detail: string } | undefined {
  if (version === protocolVersion) return undefined;
  return {
    reason: 'version-mismatch',
    detail: `the peer speaks version ${version} of the tunnel protocol, this end speaks ${protocolVersion}`,
  };
}

/** What an edge makes of an AUTH: the key it was signed with, or why it is refused. */
export type AuthVerdict =
  | { readonly isGood: true; readonly publicKey: Uint8Array }
  | { readonly isGood: false; readonly reason: DisconnectReason; readonly detail: string };

/** Judges an AUTH. Starts from refusal; only a signature by a valid key passes. */
export function judgeAuth(
  auth: Auth,
  nonce: Uint8Array,
  exporter: Uint8Array,
  keys: TunnelKeys | undefined,
): AuthVerdict {
  const refuse = (reason: DisconnectReason, detail: string): AuthVerdict => ({
    isGood: false,
    reason,
    detail,
  });
  const version = versionFault(auth.version);
  if (version) return refuse(version.reason, version.detail);
  if (!keys) return refuse('unknown-tunnel', `this edge does not know the tunnel ${auth.tunnelId}`);
  const message = signedMessage(exporter, nonce, auth);
  const isSigner = (key: Uint8Array): boolean => verifySignature(key, message, auth.signature);
  const publicKey = keys.publicKeys.find(isSigner);
  if (publicKey) return { isGood: true, publicKey };
  if (keys.revokedKeys?.some(isSigner)) {
    return refuse('revoked', `the key of the tunnel ${auth.tunnelId} was revoked`);
  }
  return refuse('unauthorized', `the key does not fit the tunnel ${auth.tunnelId}`);
}
