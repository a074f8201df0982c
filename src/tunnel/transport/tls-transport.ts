// The usual transport: TLS 1.3 with ALPN `sallyport/1`, straight on the socket; and the same over a socket file, between
// processes of one edge.
import type { Socket } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { readDirectly } from '#base/io/direct-read.ts';
import { endByReset } from '#base/io/socket-internals.ts';
import { SocketWriter } from '#base/io/socket-writer.ts';
import { SallyportError } from '#base/errors.ts';
import { dialTlsSocket, type TlsDialOptions } from './tls-dial.ts';
import type { Transport, TransportHandler } from './transport.ts';

/** The application protocol that a connector offers and an edge chooses for tunnels. */
export const tunnelAlpnProtocol = 'sallyport/1';

/** Dials an edge and verifies it. */
export async function dialTls(options: TlsDialOptions, signal: AbortSignal): Promise<Transport> {
  return tlsTransport(await dialTlsSocket(options, tunnelAlpnProtocol, signal));
}

/** A transport over a socket whose handshake is done, at either end. The socket belongs to it from here on. */
export function tlsTransport(socket: TLSSocket): Transport {
  return new SocketTransport(socket, {
    kind: 'tls',
    remoteAddress: remoteAddressOf(socket),
    exporter: (label, lengthBytes) => exportKey(socket, label, lengthBytes),
  });
}

/**
 * A transport between processes of one edge, over a socket file that only its user may open. `secret` is known to them
 * alone, and takes the place of what a TLS session would export.
 */
export function localTransport(socket: Socket, secret: Buffer): Transport {
  return new SocketTransport(socket, {
    kind: 'local',
    remoteAddress: 'local',
    exporter: (_label, lengthBytes) => secret.subarray(0, lengthBytes),
  });
}

/** `address:port` of a socket's peer. */
export function remoteAddressOf(socket: TLSSocket): string {
  const { remoteAddress = '', remotePort = 0 } = socket;
  return remoteAddress.includes(':') ? `[${remoteAddress}]:${remotePort}` : `${remoteAddress}:${remotePort}`;
}

/** The exporter of a TLS 1.3 session. Older versions are refused: there it may not be unique to the session. */
export function exportKey(socket: TLSSocket, label: string, lengthBytes: number): Buffer {
  if (socket.getProtocol() !== 'TLSv1.3') {
    throw new SallyportError('protocol-violation', 'A tunnel needs TLS 1.3, which the peer did not offer.');
  }
  return socket.exportKeyingMaterial(lengthBytes, label, Buffer.alloc(0));
}

interface Waiting {
  readonly chunk: Buffer;
  readonly done: () => void;
}

class SocketTransport implements Transport {
  readonly kind: Transport['kind'];
  readonly remoteAddress: string;
  readonly exporter: Transport['exporter'];
  readonly #socket: Socket;
  readonly #writer: SocketWriter;
  /** Written while another write was under way, oldest first; the session bounds it by `done`. */
  #waiting: Waiting[] = [];
  /** `done` of the write that is under way. */
  #sendingDone: (() => void) | undefined;
  #isClosing = false;
  #handler: TransportHandler | undefined;
  #error: Error | undefined;

  constructor(
    socket: Socket,
    { kind, remoteAddress, exporter }: Pick<Transport, 'kind' | 'remoteAddress' | 'exporter'>,
  ) {
    this.#socket = socket;
    this.kind = kind;
    this.remoteAddress = remoteAddress;
    this.exporter = exporter;
    this.#writer = new SocketWriter(socket, () => this.#onSent());
    // Writes are gathered already; waiting for more (Nagle) would only delay them.
    socket.setNoDelay(true);
    socket.setTimeout(0);
    socket.on('error', (error) => {
      this.#error = error;
    });
  }

  start(handler: TransportHandler): void {
    const socket = this.#socket;
    this.#handler = handler;
    readDirectly(socket, (chunk) => handler.onData(chunk));
    socket.on('end', () => {
      // The peer has said all. What we still have may fail to arrive; a tunnel has no use for half a connection.
      socket.destroySoon();
      this.#finish(undefined);
    });
    socket.on('close', () => this.#finish(this.#error));
    if (socket.destroyed) queueMicrotask(() => this.#finish(this.#error));
  }

  write(chunk: Buffer, done: () => void): boolean {
    if (this.#socket.destroyed) done();
    else if (this.#writer.isBusy) this.#waiting.push({ chunk, done });
    else this.#send(chunk, done);
    return this.#waiting.length === 0;
  }

  close(): void {
    this.#isClosing = true;
    if (!this.#writer.isBusy) this.#socket.end();
  }

  destroy(how?: 'reset'): void {
    if (how === 'reset') endByReset(this.#socket);
    this.#socket.destroy();
  }

  #send(chunk: Buffer, done: () => void): void {
    this.#writer.send(chunk);
    if (this.#writer.isBusy) this.#sendingDone = done;
    else done();
  }

  #onSent(): void {
    const done = this.#sendingDone;
    this.#sendingDone = undefined;
    done?.();
    this.#sendNext();
  }

  /** Also after an error: what cannot be sent any more is done, too. */
  #sendNext(): void {
    const isBlocked = this.#waiting.length > 0;
    while (this.#waiting.length > 0 && !this.#writer.isBusy) {
      const { chunk, done } = this.#waiting.shift()!;
      this.#send(chunk, done);
    }
    if (this.#waiting.length > 0) return;
    if (isBlocked) this.#handler?.onDrain();
    if (this.#isClosing && !this.#writer.isBusy) this.#socket.end();
  }

  #finish(error: Error | undefined): void {
    this.#sendNext();
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onClose(error);
  }
}
