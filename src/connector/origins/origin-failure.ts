// From what the system says about an origin to what the edge is told: a reset reason that decides the error page, and
// a detail for the log that names address and error code.
import { errorText } from '#base/errors.ts';
import type { ResetReason } from '#tunnel/stream.ts';

/** Why an origin could not be used. */
export interface OriginFailure {
  readonly reason: ResetReason;
  readonly detail: string;
}

/** How far the attempt had come: before TCP was up, in the TLS handshake, or later. */
export type OriginPhase = 'connect' | 'tls' | 'lost';

const connectReasons: Readonly<Record<string, ResetReason>> = {
  ECONNREFUSED: 'origin-refused',
  ECONNRESET: 'origin-refused',
  ETIMEDOUT: 'origin-timeout',
};

/** Reason and detail of an error at `address`. */
export function originFailure(error: unknown, address: string, phase: OriginPhase): OriginFailure {
  const code = errorCode(error);
  const detail = `${address}: ${code === '' ? errorText(error) : code}`;
  if (phase === 'lost') return { reason: 'origin-lost', detail };
  if (phase === 'tls') return { reason: 'origin-tls', detail };
  return { reason: connectReasons[code] ?? 'origin-unreachable', detail };
}

/** The system's code; of several addresses tried, the one that says most (a refusal means a host is there). */
function errorCode(error: unknown): string {
  if (error instanceof AggregateError) {
    const codes = error.errors.map(errorCode);
    return codes.find((code) => code === 'ECONNREFUSED') ?? codes.find((code) => code !== '') ?? '';
  }
  if (typeof error !== 'object' || error === null || !('code' in error)) return '';
  return String(error.code);
}
