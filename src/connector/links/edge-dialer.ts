// How a connector reaches its edge: TLS with our ALPN first, a WebSocket where something between breaks ALPN. Each
// attempt begins with TLS again, so a better network is noticed without a restart.
import { isSallyportError, SallyportError, errorText } from '#base/errors.ts';
import { dialTls } from '#tunnel/transport/tls-transport.ts';
import type { TlsDialOptions } from '#tunnel/transport/tls-dial.ts';
import type { Transport } from '#tunnel/transport/transport.ts';
import { dialWebSocket } from '#tunnel/transport/websocket-transport.ts';

export const tunnelProtocols = ['auto', 'tls', 'websocket'] as const;

export type TunnelProtocol = (typeof tunnelProtocols)[number];

/** Opens a transport to the edge; tests have their own. */
export type EdgeDialer = (signal: AbortSignal) => Promise<Transport>;

/**
 * The meaning of `--protocol`. cloudflared's `quic` and `http2` name transports we do not have (yet): they mean `auto`.
 * @throws SallyportError 'config-invalid'
 */
export function parseTunnelProtocol(text: string): TunnelProtocol {
  if (text === '' || text === 'quic' || text === 'http2' || text === 'h2mux') return 'auto';
  const known = tunnelProtocols.find((protocol) => protocol === text);
  if (known) return known;
  throw new SallyportError(
    'config-invalid',
    `The protocol "${text}" is not known; use auto, tls or websocket.`,
  );
}

/** A dialer over real sockets; `options` is asked at every attempt, so changed credentials count. */
export function edgeDialer(protocol: TunnelProtocol, options: () => TlsDialOptions): EdgeDialer {
  if (protocol === 'tls') return (signal) => dialTls(options(), signal);
  if (protocol === 'websocket') return (signal) => dialWebSocket(options(), signal);
  return async (signal) => {
    try {
      return await dialTls(options(), signal);
    } catch (error) {
      if (!mayBeAlpn(error)) throw error;
      return await dialWebSocket(options(), signal).catch((second: unknown) => {
        throw bothFailed(error, second);
      });
    }
  };
}

/** A WebSocket can only help where something answered; not where nothing listens, no name exists or trust fails. */
function mayBeAlpn(error: unknown): boolean {
  if (!isSallyportError(error, 'edge-unreachable')) return false;
  const { cause } = error;
  const code = typeof cause === 'object' && cause !== null && 'code' in cause ? String(cause.code) : '';
  return !hopeless.has(code);
}

const hopeless = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);

function bothFailed(first: unknown, second: unknown): unknown {
  if (errorText(first) === errorText(second)) return second;
  return new SallyportError(
    'edge-unreachable',
    `By TLS: ${errorText(first)} By WebSocket: ${errorText(second)}`,
    { cause: second },
  );
}
