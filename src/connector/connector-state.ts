// What a connector is doing, in words that log, metric and /ready share.
import type { DisconnectReason } from '#tunnel/connection.ts';

/** 'connected' while at least one connection is up, whatever the others do. */
export const connectorStates = [
  'connecting',
  'connected',
  'unauthorized',
  'unreachable',
  'clock-wrong',
  'draining',
  'stopped',
] as const;

export type ConnectorState = (typeof connectorStates)[number];

/** A snapshot for /ready, the log and the command line. */
export interface ConnectorStatus {
  readonly state: ConnectorState;
  /** One sentence about the cause and the cure; '' when all is well. */
  readonly detail: string;
  readonly readyConnections: number;
  readonly connectorId: string;
  readonly tunnelId: string;
  /** Version of the rules in force. */
  readonly rulesVersion: number;
  /** Version of the rules that the edge keeps, while those are in force; 0 while the connector's own are. */
  readonly pushedVersion: number;
  /** Why the configuration file cannot be used, '' while it can. */
  readonly configError: string;
  /** Edge's wall clock minus ours at the last handshake; undefined before the first. */
  readonly clockSkewMs: number | undefined;
  readonly openStreams: number;
}

/** A clock this far off breaks certificates and sign-in sooner or later. */
export const clockSkewLimitMs = 5 * 60_000;

/** Reasons with which the edge says that it does not know this connector; trying at once again would not help. */
export function isRefusal(reason: DisconnectReason): boolean {
  return reason === 'unauthorized' || reason === 'unknown-tunnel' || reason === 'revoked';
}

/** What a refusal means and what helps. */
export function refusalText(reason: DisconnectReason, tunnelId: string): string {
  const cure = 'renew the token or credentials file; the connector tries again by itself when it changes';
  switch (reason) {
    case 'revoked':
      return `The edge has revoked the key of tunnel ${tunnelId}; ${cure}`;
    case 'unknown-tunnel':
      return `The edge does not know tunnel ${tunnelId}; create it there, or ${cure}`;
    default:
      return `The edge does not accept the secret of tunnel ${tunnelId}; ${cure}`;
  }
}
