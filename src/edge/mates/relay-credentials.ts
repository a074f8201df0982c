// With what one worker proves to another that it is one: credentials made of a secret that only the workers of one edge
// know and that is drawn anew at each start. Connectors never use them: the socket files are the edge's user's alone.
import { publicKeyOf, type TunnelCredentials } from '#tunnel/credentials.ts';

/** What a worker signs with for a tunnel. */
export function relayCredentials(secret: Uint8Array, tunnelId: string): TunnelCredentials {
  return { accountTag: '', tunnelId, secret, edgeAddress: '', caPin: '' };
}

/** What its signature is held against. */
export function relayKeyOf(secret: Uint8Array, tunnelId: string): Uint8Array {
  return publicKeyOf(relayCredentials(secret, tunnelId));
}
