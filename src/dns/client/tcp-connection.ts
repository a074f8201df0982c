// A TCP connection to a DNS server: requests go out, messages come back one by one. One request is under way at a time,
// as zone transfers answer with many messages.
import { connect, type Socket } from 'node:net';
import type { Clock } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { framed, MessageStream } from './message-stream.ts';
import { formatServerAddress, type ServerAddress } from './server-address.ts';

export interface TcpConnectionOptions {
  readonly server: ServerAddress;
  /** Limit on connecting, and on waiting for each message. */
  readonly timeoutMs: number;
  readonly clock: Clock;
}

/** Messages that arrive without anyone waiting; a server that sends more is cut off. */
const maxWaitingMessages = 64;

/** An open connection; `close` it. */
export class TcpConnection {
  readonly #socket: Socket;
  readonly #options: TcpConnectionOptions;
  readonly #stream = new MessageStream();
  readonly #waiting: Buffer[] = [];
  #failure: Error | undefined;
  #wake: (() => void) | undefined;

  /** Connects. @throws SallyportError 'dns-unreachable', or the signal's reason */
  static async open(options: TcpConnectionOptions, signal: AbortSignal): Promise<TcpConnection> {
    const connection = new TcpConnection(options);
    try {
      await connection.#until(() => connection.#socket.readyState === 'open', signal);
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  private constructor(options: TcpConnectionOptions) {
    this.#options = options;
    const { host, port } = options.server;
    this.#socket = connect({ host, port, noDelay: true });
    this.#socket.on('connect', () => this.#wake?.());
    this.#socket.on('data', (piece: Buffer) => this.#onData(piece));
    this.#socket.on('error', (error) => this.#fail(errorText(error), error));
    this.#socket.on('close', () => this.#fail('it closed the connection'));
  }

  /** Sends a request. Its answer is the next `receive`. */
  send(request: Uint8Array): void {
    this.#socket.write(framed(request));
  }

  /** The next message. @throws SallyportError 'dns-unreachable' when the connection ends or the time is up */
  async receive(signal: AbortSignal): Promise<Uint8Array> {
    await this.#until(() => this.#waiting.length > 0, signal);
    return this.#waiting.shift()!;
  }

  close(): void {
    this.#socket.destroy();
  }

  #onData(piece: Buffer): void {
    this.#waiting.push(...this.#stream.push(piece));
    if (this.#waiting.length > maxWaitingMessages) this.#socket.pause();
    this.#wake?.();
  }

  #fail(why: string, cause?: unknown): void {
    const { server } = this.#options;
    const text = `The DNS server ${formatServerAddress(server)} could not be used over TCP (${why}); check its address and that port ${server.port} is open.`;
    this.#failure ??= new SallyportError('dns-unreachable', text, { cause });
    this.#wake?.();
  }

  /** Waits until `isTrue`, which is looked at whenever something happens. */
  #until(isTrue: () => boolean, signal: AbortSignal): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const finish = (end: () => void): void => {
        this.#wake = undefined;
        timer.cancel();
        signal.removeEventListener('abort', onAbort);
        end();
      };
      const onAbort = (): void => finish(() => reject(signal.reason as Error));
      const timer = clock.after(timeoutMs, () => this.#fail(`nothing in ${timeoutMs} ms`));
      signal.addEventListener('abort', onAbort, { once: true });
      this.#wake = () => {
        if (isTrue()) finish(resolve);
        else if (this.#failure) finish(() => reject(this.#failure!));
        else if (this.#socket.isPaused()) this.#socket.resume();
      };
      this.#wake();
    });
  }
}
