// Listening sockets that one edge process hands to the next (handover.ts): which is for what, and where it listens. A socket is
// taken over only where the configuration still says the same address.

/** Where a socket listens, in the words of the configuration; `host` undefined: every address. */
export interface SocketAddress {
  readonly host: string | undefined;
  readonly port: number;
}

/** What a listening socket may be for. */
export const socketKinds = [
  'https',
  'http',
  'metrics',
  'dns-tcp',
  'dns-udp',
  'external-dns',
  'port-tcp',
  'port-udp4',
  'port-udp6',
] as const;

/** A listening socket. */
export interface HandedSocket extends SocketAddress {
  readonly kind: (typeof socketKinds)[number];
  /** Its descriptor, in the process that has it. */
  readonly handle: number;
}

/** Those that a process was given. */
export class HandedSockets {
  readonly #sockets: readonly HandedSocket[];

  constructor(sockets: readonly HandedSocket[]) {
    this.#sockets = sockets;
  }

  /** The descriptor for an address, undefined when it must be opened. */
  handleOf(kind: HandedSocket['kind'], { host, port }: SocketAddress): number | undefined {
    return this.#sockets.find(
      (socket) => socket.kind === kind && socket.host === host && socket.port === port,
    )?.handle;
  }
}
