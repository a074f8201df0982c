// An origin as the connector serves it: whatever a rule's service is, it is handed streams and does the rest
// (create-origin.ts makes one for a rule).
import { isIP } from 'node:net';
import type { BufferPool } from '#base/io/buffer-pool.ts';
import type { Clock } from '#base/clock.ts';
import type { TurnFlusher } from '#base/io/turn-flusher.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { OpenRequest, ResetReason, TunnelStream } from '#tunnel/stream.ts';
import type { OriginRoots } from './origin-roots.ts';

/** Serves the streams of one rule. */
export interface Origin {
  /** Takes a stream; `opened` is called once the origin is reached. The stream's handler is set before this returns. */
  serve(stream: TunnelStream, request: OpenRequest, opened: () => void): void;
  /** Frees what the origin holds; streams that are under way go on. */
  close(): void;
}

/** What origins share within one connector. */
export interface OriginContext {
  readonly clock: Clock;
  /** Flushes after the callback that is running. */
  readonly flusher: TurnFlusher;
  /** Flushes at the end of the turn. */
  readonly partFlusher: TurnFlusher;
  /** What waits for a socket is gathered in these. */
  readonly pool: BufferPool;
  readonly events: OriginEvents;
  /** What TLS origins are verified with. */
  readonly roots: OriginRoots;
}

/** What is counted and logged about streams. */
export interface OriginEvents {
  streamOpened(): void;
  /** `reason` is '' after a proper end. */
  streamClosed(rule: IngressRule, reason: ResetReason | '', detail: string): void;
  originReached(tookMs: number): void;
}

/** The TLS server name for a stream; '' when there is none and the certificate must name the dialled address. */
export function serverNameOf(rule: IngressRule, requestHost: string): string {
  const { originServerName, matchSniToHost } = rule.originRequest;
  if (originServerName !== '') return originServerName;
  if (matchSniToHost || rule.service.kind === 'unix') return requestHost;
  if (rule.service.kind !== 'http') return '';
  return isIP(rule.service.host) === 0 ? rule.service.host : '';
}
