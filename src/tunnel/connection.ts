// A tunnel connection as its two owners see it: an authenticated session over one transport, driven by real sockets
// and timers (driver.ts). The edge gets one from `acceptConnection`, the connector from `dialConnection`.
import type { OutsideLook } from '#base/net/outside-look.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import type { ConnectorInfo } from '#wire/tunnel-message.ts';
import type { ConfigAck } from '#wire/tunnel-versioned-text.ts';
import type { EncodedConfig, PushedConfig } from './exchanges/config-exchange.ts';
import type { ProbeAnswer, ProbeRequest } from './exchanges/probe-exchange.ts';
import type { OpenRequest, TunnelStream } from './stream.ts';
import type { WorkerSeat } from './worker-seat.ts';

/** Every way a connection can end; a metric label and a log field on both sides. */
export const disconnectReasons = [
  'peer-closed',
  'transport-error',
  'ping-timeout',
  'write-stalled',
  'handshake-timeout',
  'handshake-failed',
  'protocol-error',
  'unauthorized',
  'unknown-tunnel',
  'revoked',
  'replaced',
  'drained',
  'drain-deadline',
  'shutdown',
  'version-mismatch',
  'edge-full',
  'internal-error',
] as const;

export type DisconnectReason = (typeof disconnectReasons)[number];

/** The edge's end: opens streams towards origins. */
export interface EdgeConnection {
  /** Unique within this edge process. */
  readonly id: string;
  readonly tunnelId: string;
  /** The key the connector proved to hold (raw Ed25519, 32 bytes). */
  readonly publicKey: Uint8Array;
  /** Drawn by each connector process; equal credentials with different instances are replicas (UUID). */
  readonly instanceId: string;
  /** 0-based index of this connection within its connector. */
  readonly index: number;
  /** What the connector says of itself: version, machine, what it can do. */
  readonly connectorInfo: ConnectorInfo;
  readonly transportKind: string;
  readonly remoteAddress: string;
  /** Wall clock, milliseconds since the Unix epoch. */
  readonly connectedAtMs: number;
  /** The latest rules the connector published, undefined until the first RULES frame. */
  readonly rules: PublishedRules | undefined;
  /** True once either side has begun to drain; no stream may be opened. */
  readonly isDraining: boolean;
  readonly openStreams: number;
  /** Smoothed round-trip time of pings in milliseconds, 0 before the first. */
  readonly rttMs: number;
  /** Nothing has come from the connector since a ping that it should have answered: what is new had better go elsewhere. */
  readonly isQuiet: boolean;
  /** Opens a stream at once (no round trip); data may be written immediately. Throws if draining or closed. */
  open(request: OpenRequest): TunnelStream;
  /** Whether the connector takes rules from its edge; older ones do not. */
  readonly takesConfig: boolean;
  /** Sends rules that the edge keeps for the tunnel; `onConfigAck` follows. Nothing happens where it does not take them. */
  pushConfig(config: EncodedConfig): void;
  /** Whether the connector looks at hostnames from where it is; older ones do not. */
  readonly takesProbes: boolean;
  /** Has it look once. @throws SallyportError where it does not, the connection ends or the signal fires */
  probe(request: ProbeRequest, signal: AbortSignal): Promise<OutsideLook>;
  /**
   * Phase one of a drain begun by the edge: asks the connector to move away, resolves when it has acknowledged (or the
   * connection has ended). Phase two follows by itself: the connection closes as `drained` when its last stream ends,
   * or as `drain-deadline` after `graceMs` (default: never). Idle pooled streams count as open: end them.
   */
  drain(graceMs?: number): Promise<void>;
  /** Asks the connector for a successor elsewhere; this connection goes on, new streams included, until it is drained. */
  askToMove(): void;
  close(reason: DisconnectReason, detail?: string): void;
}

export interface EdgeConnectionHandler {
  /** Authenticated; no stream can be opened usefully until rules arrive. */
  onReady(connection: EdgeConnection): void;
  onRules(connection: EdgeConnection, rules: PublishedRules): void;
  /** The connector drains: the connection has left the pool when this returns (the ack is sent after it). */
  onDraining(connection: EdgeConnection): void;
  /** What became of a pushed config, in the order of the pushes. */
  onConfigAck?(connection: EdgeConnection, ack: ConfigAck): void;
  /** `claim`: who the peer said to be, which is unproved where `connection` is undefined. */
  onClosed(
    connection: EdgeConnection | undefined,
    reason: DisconnectReason,
    detail: string,
    claim: ClaimedIdentity | undefined,
  ): void;
}

/** Who a peer said to be in AUTH. */
export interface ClaimedIdentity {
  readonly tunnelId: string;
  readonly instanceId: string;
  readonly info: ConnectorInfo;
}

/** The connector's end: is handed streams and dials origins. */
export interface ConnectorConnection {
  readonly index: number;
  /** The id the edge gave this connection. */
  readonly edgeConnectionId: string;
  readonly edgeName: string;
  readonly transportKind: string;
  readonly remoteAddress: string;
  readonly isDraining: boolean;
  readonly openStreams: number;
  readonly rttMs: number;
  /** Edge wall clock minus ours at the handshake, in milliseconds. */
  readonly clockSkewMs: number;
  /** Who keeps the tunnel's rules; undefined where the edge did not say. */
  readonly management: 'local' | 'remote' | undefined;
  /** Which of the edge's processes it leads to; undefined where the edge is one. */
  readonly seat: WorkerSeat | undefined;
  /** Publishes rules; resolves when the edge has acknowledged them, rejects if it refused. */
  publish(rules: PublishedRules): Promise<void>;
  /**
   * Phase one: DRAIN, resolves when the edge has acknowledged (no further OPEN will come) or the connection has ended.
   * Phase two follows by itself, as at the edge.
   */
  drain(graceMs?: number): Promise<void>;
  close(reason: DisconnectReason, detail?: string): void;
}

/** What a connector says to rules that its edge keeps: in force, or why not. */
export type ConfigAnswer = Omit<ConfigAck, 'version'>;

export interface ConnectorConnectionHandler {
  onReady(connection: ConnectorConnection): void;
  /** A stream towards an origin; its handler must be set before this returns. `opened()` once the origin is reached. */
  onStream(stream: TunnelStream, request: OpenRequest, opened: () => void): void;
  /**
   * Rules that the edge keeps for this tunnel (version 0: it keeps none any more). Returns what became of them. Without
   * this the connector takes none.
   */
  onConfig?(connection: ConnectorConnection, config: PushedConfig): ConfigAnswer;
  /** Looks at a hostname from here, or says why not. Without this the connector looks at none. */
  onProbe?(connection: ConnectorConnection, request: ProbeRequest): Promise<ProbeAnswer>;
  /** The edge is going away: open a connection elsewhere, this one ends when idle. */
  onDraining(connection: ConnectorConnection): void;
  onClosed(connection: ConnectorConnection | undefined, reason: DisconnectReason, detail: string): void;
}
