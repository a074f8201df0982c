// One question and its answer over UDP. The socket is connected, so that only the asked server is heard; what does not
// fit the question (a late or forged answer) is passed over until the time is up.
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { formatServerAddress, type ServerAddress } from './server-address.ts';

export interface UdpExchangeOptions {
  readonly server: ServerAddress;
  readonly request: Uint8Array;
  /** Whether a datagram is the answer to `request`. */
  readonly accepts: (bytes: Uint8Array) => boolean;
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** The answer's bytes. @throws SallyportError 'dns-unreachable', or the signal's reason */
export function exchangeUdp(options: UdpExchangeOptions, signal: AbortSignal): Promise<Uint8Array> {
  const { server, request, accepts, timeoutMs, clock } = options;
  return new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason as Error);
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    let isDone = false;
    const finish = (end: () => void): void => {
      if (isDone) return;
      isDone = true;
      timer.cancel();
      signal.removeEventListener('abort', onAbort);
      socket.close();
      end();
    };
    const fail = (why: string, cause?: unknown): void =>
      finish(() => {
        const text = `The DNS server ${formatServerAddress(server)} did not answer (${why}); check its address and that port ${server.port} is open.`;
        reject(new SallyportError('dns-unreachable', text, { cause }));
      });
    const onAbort = (): void => finish(() => reject(signal.reason as Error));
    const timer = clock.after(timeoutMs, () => fail(`nothing in ${timeoutMs} ms`));
    signal.addEventListener('abort', onAbort, { once: true });
    socket.on('error', (error) => fail(errorText(error), error));
    socket.on('message', (bytes) => {
      if (accepts(bytes)) finish(() => resolve(bytes));
    });
    socket.connect(server.port, server.host, () => {
      if (!isDone) socket.send(request);
    });
  });
}
