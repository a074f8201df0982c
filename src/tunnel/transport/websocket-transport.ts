// The transport for networks that let only web traffic out: binary WebSocket messages inside TLS on port 443. Message
// boundaries mean nothing; the bytes are the same as on a bare TLS transport, and so are all rules of trust.
import { endByReset } from '#base/io/socket-internals.ts';
import { HttpMessage } from '#base/net/node-http.ts';
import type { TLSSocket } from 'node:tls';
import { type RawData, WebSocket, WebSocketServer } from 'ws';
import { SallyportError } from '#base/errors.ts';
import { formatEdgeAddress } from './edge-address.ts';
import { timeoutError } from './dial-error.ts';
import { dialTlsSocket, type TlsDialOptions } from './tls-dial.ts';
import { exportKey, remoteAddressOf } from './tls-transport.ts';
import type { Transport, TransportHandler } from './transport.ts';

/** Where an edge accepts tunnels as WebSockets, on any of its hostnames. */
export const tunnelPath = '/.well-known/sallyport/tunnel';

export const tunnelSubprotocol = 'sallyport.1';

/** We send at most 64 KiB per message; more than this is not from one of ours. */
const maxMessageBytes = 262_144;

/** RFC 6455 section 7.4.1: this end is going away. */
const goingAway = 1001;

/** Dials an edge, verifies it, and upgrades. */
export async function dialWebSocket(options: TlsDialOptions, signal: AbortSignal): Promise<Transport> {
  const socket = await dialTlsSocket(options, 'http/1.1', signal);
  const { host, port, serverName = host, timeoutMs = 10_000, wallMs } = options;
  const address = formatEdgeAddress(options);
  return new Promise((resolve, reject) => {
    const ws = new WebSocket(
      `wss://${formatEdgeAddress({ host: serverName, port })}${tunnelPath}`,
      [tunnelSubprotocol],
      {
        createConnection: () => socket,
        perMessageDeflate: false,
        maxPayload: maxMessageBytes,
      },
    );
    // Not ws's own handshakeTimeout: Node does not apply it to a socket that is connected already.
    const timer = setTimeout(
      () => fail(timeoutError({ address, serverName, wallMs: wallMs() }, timeoutMs)),
      timeoutMs,
    );
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      ws.on('error', () => {});
      ws.terminate();
      socket.destroy();
      reject(error as Error);
    };
    const onAbort = (): void => fail(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    ws.once('error', (error) => fail(refusedUpgrade(address, error)));
    ws.once('open', () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      resolve(websocketTransport(ws, socket));
    });
  });
}

/** A transport over an open WebSocket and the TLS socket below it, at either end. */
export function websocketTransport(ws: WebSocket, socket: TLSSocket): Transport {
  return new WebSocketTransport(ws, socket);
}

/** What an edge has read of the upgrade request. */
export interface UpgradeRequest {
  readonly method: string;
  readonly url: string;
  /** Lower-case names; repeated fields joined by ', '. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Answers an upgrade request for `tunnelPath` on the edge's side. `head` is what was read beyond the request. A bad
 * request is answered and its socket closed here; `accept` is called for a good one only.
 */
export function acceptWebSocket(
  request: UpgradeRequest,
  socket: TLSSocket,
  head: Buffer,
  accept: (transport: Transport) => void,
): void {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    perMessageDeflate: false,
    maxPayload: maxMessageBytes,
    handleProtocols: (offered) => (offered.has(tunnelSubprotocol) ? tunnelSubprotocol : false),
  });
  const message = new HttpMessage(socket);
  message.method = request.method;
  message.url = request.url;
  message.headers = { ...request.headers };
  server.handleUpgrade(message, socket, head, (ws) => {
    if (ws.protocol === tunnelSubprotocol) return accept(websocketTransport(ws, socket));
    ws.on('error', () => {});
    ws.close(1002, 'subprotocol sallyport.1 expected');
  });
}

function refusedUpgrade(address: string, error: Error): SallyportError {
  return new SallyportError(
    'edge-unreachable',
    `The edge ${address} refused the WebSocket at ${tunnelPath}: ${error.message}; check that it is a Sallyport edge and that nothing between rewrites requests.`,
    { cause: error },
  );
}

class WebSocketTransport implements Transport {
  readonly kind = 'websocket';
  readonly remoteAddress: string;
  readonly #ws: WebSocket;
  readonly #socket: TLSSocket;
  #handler: TransportHandler | undefined;
  #error: Error | undefined;

  constructor(ws: WebSocket, socket: TLSSocket) {
    this.#ws = ws;
    this.#socket = socket;
    this.remoteAddress = remoteAddressOf(socket);
    // Nothing may be lost between the upgrade and `start`.
    ws.pause();
    socket.setNoDelay(true);
    socket.setTimeout(0);
    ws.on('error', (error) => {
      this.#error = error;
    });
  }

  exporter(label: string, lengthBytes: number): Buffer {
    return exportKey(this.#socket, label, lengthBytes);
  }

  start(handler: TransportHandler): void {
    const ws = this.#ws;
    this.#handler = handler;
    ws.on('message', (data, isBinary) => {
      if (isBinary) this.#handler?.onData(bufferOf(data));
      else ws.close(1003, 'binary messages expected');
    });
    this.#socket.on('drain', () => this.#handler?.onDrain());
    ws.on('close', () => this.#finish());
    if (ws.readyState === WebSocket.CLOSED) queueMicrotask(() => this.#finish());
    ws.resume();
  }

  write(chunk: Buffer, done: () => void): boolean {
    if (this.#ws.readyState !== WebSocket.OPEN) {
      done();
      return true;
    }
    this.#ws.send(chunk, { binary: true }, done);
    return !this.#socket.writableNeedDrain;
  }

  close(): void {
    this.#ws.close(goingAway);
  }

  destroy(how?: 'reset'): void {
    if (how === 'reset') endByReset(this.#socket);
    this.#ws.terminate();
  }

  #finish(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onClose(this.#error);
  }
}

function bufferOf(data: RawData): Buffer {
  if (Buffer.isBuffer(data)) return data;
  return Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data);
}
