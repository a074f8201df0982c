// The way back from a RESET frame's number to its name.
import { resetCodes, type ResetReason } from './stream.ts';

const reasons = new Map<number, ResetReason>(
  Object.entries(resetCodes).map(([reason, code]) => [code, reason as ResetReason]),
);

/** The reason a RESET names; numbers that may not appear on the wire, or are unknown, count as `internal-error`. */
export function reasonOfResetCode(code: number): ResetReason {
  if (code === resetCodes['connection-lost']) return 'internal-error';
  return reasons.get(code) ?? 'internal-error';
}
