// A listener on loopback that accepts tunnels over bare TLS (by ALPN) and over WebSocket, as an edge does.
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type TLSSocket } from 'node:tls';
import { tlsTransport, tunnelAlpnProtocol } from '#tunnel/transport/tls-transport.ts';
import type { Transport } from '#tunnel/transport/transport.ts';
import { acceptWebSocket, tunnelPath } from '#tunnel/transport/websocket-transport.ts';

export interface TunnelListener {
  readonly port: number;
  /** TCP connections so far. */
  readonly connectionCount: number;
  /** The next transport that is accepted. */
  next(): Promise<Transport>;
  close(): void;
}

/** Listens on 127.0.0.1; `cert` holds the chain as the edge sends it. */
export async function listenForTunnels(
  cert: string,
  key: string,
  options: { readonly maxVersion?: 'TLSv1.2'; readonly isSilent?: boolean } = {},
): Promise<TunnelListener> {
  const accepted: Transport[] = [];
  const waiting: ((transport: Transport) => void)[] = [];
  const accept = (transport: Transport): void => {
    const waiter = waiting.shift();
    if (waiter) waiter(transport);
    else accepted.push(transport);
  };
  const sockets = new Set<TLSSocket>();
  const http = createHttpServer((_request, response) => response.writeHead(404).end());
  http.on('upgrade', (message: IncomingMessage, socket: TLSSocket, head: Buffer) => {
    const { method = '', url = '' } = message;
    if (url === tunnelPath) acceptWebSocket({ method, url, headers: joined(message) }, socket, head, accept);
    else socket.destroy();
  });
  const server = createServer({
    cert,
    key,
    maxVersion: options.maxVersion,
    ALPNProtocols: [tunnelAlpnProtocol, 'http/1.1'],
  });
  server.on('secureConnection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    if (options.isSilent === true) return;
    if (socket.alpnProtocol === tunnelAlpnProtocol) accept(tlsTransport(socket));
    else http.emit('connection', socket);
  });
  server.on('tlsClientError', () => {});
  let connectionCount = 0;
  server.on('connection', () => (connectionCount += 1));
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get connectionCount() {
      return connectionCount;
    },
    next: async () => accepted.shift() ?? (await new Promise((resolve) => void waiting.push(resolve))),
    close() {
      server.close();
      http.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}

function joined(message: IncomingMessage): Record<string, string> {
  const entries = Object.entries(message.headers);
  return Object.fromEntries(entries.map(([name, value]) => [name, String(value)]));
}
