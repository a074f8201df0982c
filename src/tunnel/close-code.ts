// The numbers that carry a disconnect reason in a CLOSE frame (docs/protocol/tunnel.md), so that both ends report the
// same word.
import type { DisconnectReason } from './connection.ts';

/** Number on the wire of every reason. Numbers are never reused. */
export const closeCodes: Readonly<Record<DisconnectReason, number>> = {
  'peer-closed': 0,
  'transport-error': 1,
  'ping-timeout': 2,
  'write-stalled': 3,
  'handshake-timeout': 4,
  'handshake-failed': 5,
  'protocol-error': 6,
  unauthorized: 7,
  'unknown-tunnel': 8,
  revoked: 9,
  replaced: 10,
  drained: 11,
  'drain-deadline': 12,
  shutdown: 13,
  'version-mismatch': 14,
  'edge-full': 15,
  'internal-error': 16,
};

const reasons = new Map<number, DisconnectReason>(
  Object.entries(closeCodes).map(([reason, code]) => [code, reason as DisconnectReason]),
);

/** The reason a CLOSE names; a number from a later version counts as `peer-closed`. */
export function reasonOfCloseCode(code: number): DisconnectReason {
  return reasons.get(code) ?? 'peer-closed';
}
