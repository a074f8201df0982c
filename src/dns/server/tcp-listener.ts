// The TCP half of a DNS listener (RFC 7766): several queries on a connection, answered in order. Bounded in connections, in
// all and for each address, in idle time, and in what waits to be sent: who does not read is not read from.
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { Clock, Timer } from '#base/clock.ts';
import { errorText, SallyportError } from '#base/errors.ts';
import { formatEndpoint } from '#base/net/ip.ts';
import { listenHandleOf } from '#base/io/socket-internals.ts';
import { framed, MessageStream } from '../client/message-stream.ts';

export interface TcpLimits {
  readonly connections: number;
  readonly connectionsPerAddress: number;
  /** Without a whole query, or without progress in sending. */
  readonly idleMs: number;
}

export const defaultTcpLimits: TcpLimits = { connections: 500, connectionsPerAddress: 32, idleMs: 10_000 };

export interface TcpListenerOptions {
  readonly host: string | undefined;
  readonly port: number;
  /** A socket that listens there already, handed over by the process before this one. */
  readonly handle?: number | undefined;
  readonly clock: Clock;
  readonly limits: TcpLimits;
  /** The answers to a message, taken one by one as they can be sent; undefined to close the connection. */
  readonly answer: (bytes: Uint8Array, address: string) => Iterable<Uint8Array> | undefined;
  /** Told of a fault while answers were made. */
  readonly onFault: (error: unknown) => void;
}

export interface TcpListener {
  readonly port: number;
  /** Its listening socket, to be handed over. */
  readonly handle: number | undefined;
  readonly isReady: boolean;
  readonly detail: string;
  readonly connectionCount: number;
  close(): Promise<void>;
}

/** Listens, or throws one sentence. @throws SallyportError 'listen-failed' */
export async function listenTcp(options: TcpListenerOptions): Promise<TcpListener> {
  const listener = new RunningTcpListener(options);
  await listener.open();
  return listener;
}

class RunningTcpListener implements TcpListener {
  readonly #options: TcpListenerOptions;
  readonly #server: Server;
  readonly #connections = new Set<TcpSession>();
  readonly #perAddress = new Map<string, number>();

  constructor(options: TcpListenerOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, allowHalfOpen: true }, (socket) => this.#accept(socket));
  }

  open(): Promise<void> {
    const { host, port, handle } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', (error) => {
        const text = `The name server could not listen on TCP ${formatEndpoint(host ?? '::', port)} (${errorText(error)}); free the port, or choose another address under dns.serve.listen.`;
        reject(new SallyportError('listen-failed', text, { cause: error }));
      });
      this.#server.listen(handle === undefined ? { port, host } : { fd: handle }, resolve);
    });
  }

  get handle(): number | undefined {
    return listenHandleOf(this.#server);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get isReady(): boolean {
    return this.#server.listening;
  }

  get detail(): string {
    if (!this.isReady) return 'closed';
    const { address, port } = this.#server.address() as AddressInfo;
    return `tcp ${formatEndpoint(address, port)}`;
  }

  get connectionCount(): number {
    return this.#connections.size;
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const session of this.#connections) session.end();
    await closed;
  }

  #accept(socket: Socket): void {
    const { limits, clock, answer, onFault } = this.#options;
    const address = socket.remoteAddress ?? '';
    const already = this.#perAddress.get(address) ?? 0;
    if (this.#connections.size >= limits.connections || already >= limits.connectionsPerAddress) {
      socket.destroy();
      return;
    }
    this.#perAddress.set(address, already + 1);
    const session = new TcpSession(socket, {
      clock,
      idleMs: limits.idleMs,
      answer: (bytes) => answer(bytes, address),
      onFault,
    });
    this.#connections.add(session);
    socket.once('close', () => {
      session.end();
      this.#connections.delete(session);
      const left = this.#perAddress.get(address)! - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
  }
}

interface TcpSessionOptions {
  readonly clock: Clock;
  readonly idleMs: number;
  readonly answer: (bytes: Uint8Array) => Iterable<Uint8Array> | undefined;
  readonly onFault: (error: unknown) => void;
}

/** One client's connection. */
class TcpSession {
  readonly #socket: Socket;
  readonly #options: TcpSessionOptions;
  readonly #stream = new MessageStream();
  readonly #queries: Uint8Array[] = [];
  #answers: Iterator<Uint8Array> | undefined;
  #timer: Timer | undefined;
  #hasEnded = false;

  constructor(socket: Socket, options: TcpSessionOptions) {
    this.#socket = socket;
    this.#options = options;
    socket.on('error', () => {});
    socket.on('data', (piece: Buffer) => this.#onData(piece));
    socket.on('drain', () => this.#work());
    socket.on('end', () => {
      this.#hasEnded = true;
      this.#work();
    });
    this.#restartTimer();
  }

  end(): void {
    this.#timer?.cancel();
    this.#socket.destroy();
  }

  #onData(piece: Buffer): void {
    const messages = this.#stream.push(piece);
    if (messages.length === 0) return;
    this.#queries.push(...messages);
    this.#restartTimer();
    this.#work();
  }

  /** Answers what was asked until the client's side is full; then waits for 'drain', reading nothing meanwhile. */
  #work(): void {
    while (!this.#socket.destroyed) {
      this.#answers ??= this.#nextAnswers();
      if (!this.#answers) {
        // What the client asked for before it said that this was all has been sent.
        if (this.#hasEnded) this.#socket.end();
        else this.#socket.resume();
        return;
      }
      const answer = this.#takeAnswer(this.#answers);
      if (!answer) continue;
      this.#restartTimer();
      if (this.#socket.write(framed(answer))) continue;
      this.#socket.pause();
      return;
    }
  }

  #takeAnswer(answers: Iterator<Uint8Array>): Uint8Array | undefined {
    try {
      const { value, done } = answers.next();
      if (done) this.#answers = undefined;
      return done ? undefined : value;
    } catch (error) {
      // A transfer that cannot be put into messages ends its connection, not the server.
      this.#options.onFault(error);
      this.end();
      return undefined;
    }
  }

  #nextAnswers(): Iterator<Uint8Array> | undefined {
    const query = this.#queries.shift();
    if (!query) return undefined;
    const answers = this.#options.answer(query);
    if (!answers) this.end();
    return answers?.[Symbol.iterator]();
  }

  #restartTimer(): void {
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(this.#options.idleMs, () => this.end());
  }
}
