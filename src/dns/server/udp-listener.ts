// The UDP half of a DNS listener: one datagram in, at most one out.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { errorText, SallyportError } from '#base/errors.ts';
import { formatEndpoint } from '#base/net/ip.ts';
import { datagramHandleOf } from '#base/io/socket-internals.ts';

export interface UdpListenerOptions {
  /** undefined: every address, both families. */
  readonly host: string | undefined;
  readonly port: number;
  /** A socket that is bound there already, handed over by the process before this one. */
  readonly handle?: number | undefined;
  /** The answer to a datagram, undefined for none. Must not throw. */
  readonly answer: (bytes: Uint8Array, address: string) => Uint8Array | undefined;
}

/** A bound socket. */
export interface UdpListener {
  readonly port: number;
  readonly isReady: boolean;
  readonly detail: string;
  /** Its socket, to be handed over. */
  readonly handle: number | undefined;
  close(): void;
}

/** Binds, or throws one sentence. @throws SallyportError 'listen-failed' */
export async function listenUdp(options: UdpListenerOptions): Promise<UdpListener> {
  const { host, port, handle, answer } = options;
  const socket = createSocket({
    type: host === undefined || isIPv6(host) ? 'udp6' : 'udp4',
    ipv6Only: false,
  });
  socket.on('message', (bytes: Buffer, from: RemoteInfo) => {
    // Nobody can be answered at port 0; whoever writes it forges.
    if (from.port === 0) return;
    const reply = answer(bytes, from.address);
    // A full socket buffer loses the datagram, as the network may.
    if (reply) socket.send(reply, from.port, from.address, () => {});
  });
  await bind(socket, { host, port, handle });
  let failure: string | undefined;
  socket.on('error', (error) => (failure = errorText(error)));
  socket.on('close', () => (failure ??= 'closed'));
  const bound = socket.address();
  return {
    port: bound.port,
    get isReady() {
      return failure === undefined;
    },
    get detail() {
      return failure ?? `udp ${formatEndpoint(bound.address, bound.port)}`;
    },
    get handle() {
      return datagramHandleOf(socket);
    },
    close() {
      if (failure !== 'closed') socket.close();
    },
  };
}

function bind(
  socket: Socket,
  { host, port, handle }: Pick<UdpListenerOptions, 'host' | 'port' | 'handle'>,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const onError = (error: Error): void => {
      socket.close();
      const where = formatEndpoint(host ?? '::', port);
      const cure = `free the UDP port (a local resolver may hold it), or choose another address under dns.serve.listen`;
      const text = `The name server could not listen on ${where} (${errorText(error)}); ${cure}.`;
      reject(new SallyportError('listen-failed', text, { cause: error }));
    };
    socket.once('error', onError);
    const address = host === undefined ? {} : { address: host };
    socket.bind(handle === undefined ? { port, ...address } : { fd: handle }, () => {
      socket.off('error', onError);
      resolve();
    });
  });
}
