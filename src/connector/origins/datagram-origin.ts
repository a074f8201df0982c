// UDP services (`udp://host:port`): a stream is one client's session and carries its datagrams, each with its length before
// it; here every session gets a socket of its own, so that the service tells clients apart and answers find their way.
import { createSocket, type Socket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { errorText } from '#base/errors.ts';
import { formatEndpoint } from '#base/net/ip.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { OpenRequest, ResetReason, StreamHandler, TunnelStream } from '#tunnel/stream.ts';
import { DatagramReader, datagramRoomBytes, encodeDatagram } from '#wire/tunnel-datagram.ts';
import type { Origin, OriginContext } from './origin.ts';

/** Bytes for the service that the system has not taken yet; what comes beyond is dropped. */
const maxQueuedBytes = 1024 * 1024;

/** Makes the origin of a rule. */
export function createDatagramOrigin(
  rule: IngressRule,
  place: { readonly host: string; readonly port: number },
  context: OriginContext,
): Origin {
  // One datagram on its way out; it is sent or copied before the next comes.
  const memory = Buffer.allocUnsafeSlow(datagramRoomBytes);
  return {
    serve(stream: TunnelStream, _request: OpenRequest, opened: () => void) {
      context.events.streamOpened();
      void new DatagramPipe(stream, { ...place, memory, opened, context, rule }).start();
    },
    close() {},
  };
}

interface PipeOptions {
  readonly host: string;
  readonly port: number;
  readonly memory: Buffer;
  readonly opened: () => void;
  readonly context: OriginContext;
  readonly rule: IngressRule;
}

class DatagramPipe implements StreamHandler {
  readonly #stream: TunnelStream;
  readonly #options: PipeOptions;
  readonly #reader = new DatagramReader();
  #socket: Socket | undefined;
  #isConnected = false;
  #hasRoom = true;
  #isOver = false;

  constructor(stream: TunnelStream, options: PipeOptions) {
    this.#stream = stream;
    this.#options = options;
    stream.handler = this;
  }

  async start(): Promise<void> {
    const { host, port, opened, context } = this.#options;
    const startedMs = context.clock.nowMs();
    try {
      const { address, family } = await lookup(host);
      if (this.#isOver) return;
      const socket = createSocket(family === 6 ? 'udp6' : 'udp4');
      this.#socket = socket;
      socket.on('error', (error) =>
        this.#fail(this.#isConnected ? 'origin-lost' : 'origin-unreachable', error),
      );
      socket.on('message', (datagram) => this.#onMessage(datagram));
      socket.connect(port, address, () => {
        if (this.#isOver) return;
        this.#isConnected = true;
        context.events.originReached(context.clock.nowMs() - startedMs);
        opened();
      });
    } catch (error) {
      this.#fail('origin-unreachable', error);
    }
  }

  onData(chunk: Buffer): void {
    this.#stream.consume(chunk.length);
    const isWhole = this.#reader.read(chunk, (datagram) => this.#send(datagram));
    if (!isWhole) this.#fail('protocol-error', new Error('what came is no row of datagrams'));
  }

  onEnd(): void {
    this.#stream.end();
    this.#finish('', '');
  }

  onReset(reason: ResetReason, detail: string): void {
    this.#finish(reason === 'cancelled' ? '' : reason, detail);
  }

  onDrain(): void {
    this.#hasRoom = true;
  }

  /** Dropped while there is no room, or nobody there yet: the edge waits for OPENED before it sends. */
  #send(datagram: Buffer): void {
    const socket = this.#socket;
    if (!socket || !this.#isConnected || socket.getSendQueueSize() > maxQueuedBytes) return;
    // A service that refuses says so by an error event.
    socket.send(Buffer.from(datagram), () => {});
  }

  #onMessage(datagram: Buffer): void {
    if (!this.#hasRoom) return;
    this.#hasRoom = this.#stream.write(encodeDatagram(datagram, this.#options.memory), true);
  }

  #fail(reason: ResetReason, error: unknown): void {
    if (this.#isOver) return;
    const detail = `${formatEndpoint(this.#options.host, this.#options.port)}: ${errorText(error)}`;
    this.#stream.reset(reason, detail);
    this.#finish(reason, detail);
  }

  #finish(reason: ResetReason | '', detail: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#socket?.close();
    this.#options.context.events.streamClosed(this.#options.rule, reason, detail);
  }
}
