// A TCP port of the edge that was made at run time: it accepts connections and hands them on. Opening may fail (another
// program has the port) and is tried again by whoever owns it.
import { createServer, type Server, type Socket } from 'node:net';
import { parseAddress } from '#base/net/ip.ts';
import { listenHandleOf } from '#base/io/socket-internals.ts';
import type { Arrival } from './port-connection.ts';
import { hostOf, type InheritedPorts, type PortHandle } from './port-handles.ts';

/** Room for clients that come at once. */
const backlog = 1_024;

export interface StreamPortOptions {
  /** '' for every address. */
  readonly address: string;
  readonly port: number;
  readonly inherited: InheritedPorts;
  readonly accept: (socket: Socket, client: Arrival['client']) => void;
  /** What became of opening it: '' when it is open. */
  readonly onState: (trouble: string) => void;
}

/** Why a port could not be opened, in words. */
export function openingTrouble({ code, message }: NodeJS.ErrnoException, port: number): string {
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is taken, by another program or by this edge itself; stop that one or choose another port.`;
    case 'EACCES':
      return `Ports below 1024 need root or CAP_NET_BIND_SERVICE, which the edge does not have for ${port}.`;
    case 'EADDRNOTAVAIL':
      return `This machine does not have the address that port ${port} is to be opened on.`;
    default:
      return `Port ${port} could not be opened: ${message}.`;
  }
}

export class StreamPort {
  readonly #options: StreamPortOptions;
  #server: Server | undefined;

  constructor(options: StreamPortOptions) {
    this.#options = options;
  }

  get isTried(): boolean {
    return this.#server !== undefined;
  }

  /** Its socket, once it is open. */
  get handle(): PortHandle | undefined {
    const { address, port } = this.#options;
    const handle = this.#server?.listening ? listenHandleOf(this.#server) : undefined;
    return handle === undefined ? undefined : { kind: 'port-tcp', host: hostOf(address), port, handle };
  }

  /** Tries to open it; `onState` is told. */
  open(): void {
    const { address, port, inherited, accept, onState } = this.#options;
    const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      const peer = parseAddress(socket.remoteAddress ?? '');
      // Gone already.
      if (peer === undefined) return void socket.destroy();
      accept(socket, {
        address: peer,
        port: socket.remotePort ?? 0,
        localAddress: parseAddress(socket.localAddress ?? '') ?? '',
        localPort: socket.localPort ?? 0,
      });
    });
    this.#server = server;
    server.once('listening', () => onState(''));
    server.on('error', (error) => {
      if (this.#server !== server) return;
      if (!server.listening) this.#server = undefined;
      onState(openingTrouble(error, port));
    });
    const fd = inherited.take('port-tcp', address, port);
    if (fd === undefined) server.listen({ port, backlog, ...(address === '' ? {} : { host: address }) });
    else server.listen({ fd });
  }

  /** Takes no further connection. */
  close(): void {
    this.#server?.close();
    this.#server = undefined;
  }
}
