// What a try that failed allows: which failures prove that the origin got nothing, which are one replica's alone, and what
// the visitor is told when there is no second try.
import type { FailureCode } from '#http/exchange.ts';
import type { ResetReason } from '#tunnel/stream.ts';

/** Methods that may be repeated when nobody knows how far the first try got (RFC 9110 section 9.2.2). */
export const idempotentMethods = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'PUT',
  'DELETE',
  'PROPFIND',
  'REPORT',
  'SEARCH',
]);

/** Resets that prove that no byte of the request reached the origin. */
export const nothingSentReasons: ReadonlySet<string> = new Set<ResetReason>([
  'draining',
  'stale-rules',
  'no-such-rule',
  'stream-limit',
  'origin-refused',
  'origin-unreachable',
  'origin-tls',
]);

/** Failures of one replica's view of the origin: worth a try elsewhere, pointless on the same replica. */
export const dialFailures: ReadonlySet<string> = new Set<ResetReason>([
  'origin-refused',
  'origin-unreachable',
  'origin-tls',
]);

/** What the visitor is told, by the reason of the reset. */
export const failureOfReset: Readonly<Record<string, FailureCode>> = {
  'origin-refused': 'origin-refused',
  'origin-timeout': 'origin-timeout',
  'origin-unreachable': 'origin-unreachable',
  'origin-tls': 'origin-tls',
  'connection-lost': 'connector-lost',
  draining: 'draining',
  'stale-rules': 'rule-refused',
  'no-such-rule': 'rule-refused',
  'origin-not-allowed': 'rule-refused',
  'stream-limit': 'overloaded',
};

/** Ends that the origin made itself; a WebSocket's client is not told of them in the edge's words. */
export const madeByOrigin: ReadonlySet<FailureCode> = new Set(['origin-closed', 'origin-protocol']);

/** Resets that say nothing of the service. */
export const unblamed: ReadonlySet<string> = new Set<ResetReason>([
  'draining',
  'stale-rules',
  'no-such-rule',
  'stream-limit',
]);
