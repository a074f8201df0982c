// A stream: one flow of bytes in each direction through a tunnel connection, to one origin connection.
// Here stands what its two users (edge upstreams, connector origins) see of it; session.ts implements it.

/** Why a stream was reset. The number goes on the wire (docs/protocol/tunnel.md), the name into logs and errors. */
export const resetCodes = {
  cancelled: 0,
  'internal-error': 1,
  'protocol-error': 2,
  'flow-control': 3,
  draining: 4,
  'stale-rules': 5,
  'no-such-rule': 6,
  'origin-refused': 7,
  'origin-timeout': 8,
  'origin-unreachable': 9,
  'origin-tls': 10,
  'origin-lost': 11,
  'origin-not-allowed': 12,
  'stream-limit': 13,
  'idle-timeout': 14,
  /** Never on the wire: the connection that carried the stream went away. */
  'connection-lost': 255,
} as const;

export type ResetReason = keyof typeof resetCodes;

/** What the user of a stream is told. Calls come from inside Session.receive: keep them short, never throw. */
export interface StreamHandler {
  /** The connector reached the origin (edge side only; once, before the first data). */
  onOpened?(): void;
  /**
   * Bytes arrived. The chunk is valid during the call only; what is kept is copied. Every byte must be given back with
   * `stream.consume(n)` once it has been passed on; until then it counts against the stream's window.
   */
  onData(chunk: Buffer): void;
  /** The peer will send no more; the other direction stays open until `end` or `reset`. */
  onEnd(): void;
  /** The stream is gone, both ways; no further call follows. */
  onReset(reason: ResetReason, detail: string): void;
  /** After `write` returned false: there is room again. */
  onDrain(): void;
}

export interface TunnelStream {
  readonly id: number;
  /** True until reset, or ended both ways. */
  readonly isOpen: boolean;
  /** True when the peer has ended its direction. */
  readonly isRemoteEnded: boolean;
  /** True when nothing written here is still waiting for credit or for the transport. */
  readonly isFlushed: boolean;
  /** May be replaced at any time (pooled streams change hands). */
  handler: StreamHandler;
  /**
   * Sends bytes. `isScratch`: the caller will reuse the memory after the call returns, so what cannot be sent at once
   * is copied. Returns false when the caller should wait for `onDrain` before writing more (it may still write).
   * No effect on a stream that is closed or ended.
   */
  write(chunk: Uint8Array, isScratch: boolean): boolean;
  /** Half-close: no more bytes in this direction, after those already written. */
  end(): void;
  /** Closes both directions at once; the peer is told the reason. Harmless on a closed stream. */
  reset(reason: ResetReason, detail?: string): void;
  /** Gives `byteCount` received bytes back to the peer's credit. */
  consume(byteCount: number): void;
}

/** What the edge says when it opens a stream (OPEN frame). */
export interface OpenRequest {
  /** Version of the published rules that the match was made with. */
  readonly rulesVersion: number;
  /** Index of the matched rule in that version. */
  readonly ruleIndex: number;
  /** Canonical hostname of the request; TLS server name where the rule follows the host. */
  readonly host: string;
  /** The client's and the edge's socket addresses, for PROXY protocol; ports in host order. */
  readonly client: { readonly address: string; readonly port: number };
  readonly local: { readonly address: string; readonly port: number };
  /** `host:port` asked for, on bastion rules only; otherwise ''. */
  readonly destination: string;
  /** The request's id, so that both ends' logs can be matched. */
  readonly requestId: string;
}

/** For streams that nobody listens to: one that is refused at once, or over. */
export const deafHandler: StreamHandler = { onData() {}, onEnd() {}, onReset() {}, onDrain() {} };
