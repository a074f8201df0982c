// A UDP port of the edge: every client (address and port) has a session, which is a tunnel stream of framed datagrams, until
// it has been silent for long enough. What finds no room is dropped, as on any network; nothing waits, nothing grows.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { parseAddress } from '#base/net/ip.ts';
import { datagramHandleOf } from '#base/io/socket-internals.ts';
import { failure } from '#http/exchange.ts';
import type { ExchangeFailure } from '#http/exchange.ts';
import type { ResetReason, StreamHandler } from '#tunnel/stream.ts';
import { DatagramReader, datagramRoomBytes, encodeDatagram } from '#wire/tunnel-datagram.ts';
import { hostOf, type InheritedPorts, type PortHandle } from './port-handles.ts';
import type { PortParts } from './port-parts.ts';
import type { PortTally } from './port-tally.ts';
import { openingTrouble } from './stream-port.ts';
import { type Reached, reachService } from './tunnel-reach.ts';

/** Datagrams of a session that may wait until its service is reached. */
const maxWaiting = 16;
const maxWaitingBytes = 65_536;
/** Bytes for clients that the system has not taken yet; what comes beyond is dropped. */
const maxQueuedBytes = 4 * 1024 * 1024;
/** After a failure the client's datagrams are dropped so long, so that a stream of them is no stream of attempts. */
const afterFailureMs = 1_000;

const withoutV6: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL']);

export class DatagramPort {
  readonly #parts: PortParts;
  readonly #tally: PortTally;
  readonly #inherited: InheritedPorts;
  readonly #sessions = new Map<string, DatagramSession>();
  /** One datagram on its way in; it is copied or sent before the next comes. */
  readonly #memory = Buffer.allocUnsafeSlow(datagramRoomBytes);
  #socket: Socket | undefined;
  #type: 'udp4' | 'udp6' = 'udp6';
  #isDraining = false;

  constructor(parts: PortParts, tally: PortTally, inherited: InheritedPorts) {
    this.#parts = parts;
    this.#tally = tally;
    this.#inherited = inherited;
  }

  get isTried(): boolean {
    return this.#socket !== undefined;
  }

  /** Its socket, once it is open. */
  get handle(): PortHandle | undefined {
    const { address, port } = this.#tally.entry;
    const handle = this.#socket && this.#tally.trouble === '' ? datagramHandleOf(this.#socket) : undefined;
    const kind = `port-${this.#type}` as const;
    return handle === undefined ? undefined : { kind, host: hostOf(address), port, handle };
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /** Tries to open it; the tally is told. */
  open(): void {
    const { address, port } = this.#tally.entry;
    for (const type of ['udp6', 'udp4'] as const) {
      const fd = this.#inherited.take(`port-${type}`, address, port);
      if (fd !== undefined) return this.#bind(type, fd);
    }
    this.#bind(address !== '' && !address.includes(':') ? 'udp4' : 'udp6');
  }

  #bind(type: 'udp4' | 'udp6', fd?: number): void {
    const { address, port } = this.#tally.entry;
    const socket = createSocket({ type, ipv6Only: false });
    this.#socket = socket;
    this.#type = type;
    socket.once('listening', () => (this.#tally.trouble = ''));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (this.#socket !== socket) return;
      // Opening has failed; an open one keeps going, whatever a single datagram met.
      if (this.#tally.trouble === '') return;
      this.#tally.trouble = openingTrouble(error, port);
      this.#socket = undefined;
      socket.close();
      // A machine without IPv6 has every address when it has those of IPv4.
      if (type === 'udp6' && address === '' && withoutV6.has(error.code ?? '')) this.#bind('udp4');
    });
    socket.on('message', (datagram, from) => this.#onMessage(datagram, from));
    if (fd === undefined) socket.bind({ port, ...(address === '' ? {} : { address }) });
    else socket.bind({ fd });
  }

  /** Takes no new client; sessions go on. */
  drain(): void {
    this.#isDraining = true;
  }

  close(detail: string): void {
    for (const session of this.#sessions.values()) session.end('', detail);
    try {
      this.#socket?.close();
    } catch {
      // It was not open yet.
    }
    this.#socket = undefined;
  }

  sweep(nowMs: number): void {
    for (const session of this.#sessions.values()) session.sweep(nowMs);
  }

  #onMessage(datagram: Buffer, { address, port }: RemoteInfo): void {
    const client = parseAddress(address);
    if (client === undefined) return;
    const key = `${client} ${port}`;
    let session = this.#sessions.get(key);
    if (!session) {
      if (this.#isDraining || this.#tally.enter(client) !== undefined) {
        this.#tally.dropped += 1;
        return;
      }
      session = new DatagramSession(this.#parts, this.#tally, {
        client: { address: client, port },
        local: this.#localAddress(),
        memory: this.#memory,
        // The address as it came, which may carry a zone.
        reply: (bytes) => this.#reply(bytes, address, port),
        onOver: () => {
          this.#sessions.delete(key);
          this.#tally.leave(client);
        },
      });
      this.#sessions.set(key, session);
      session.start();
    }
    session.receive(datagram);
  }

  #reply(datagram: Buffer, address: string, port: number): boolean {
    const socket = this.#socket;
    if (!socket || socket.getSendQueueSize() > maxQueuedBytes) return false;
    // It is sent later, and the datagram is somebody else's memory. An error is the network's: the datagram is lost.
    socket.send(Buffer.from(datagram), port, address, () => {});
    return true;
  }

  #localAddress(): { address: string; port: number } {
    const { address, port } = this.#socket!.address();
    return { address: parseAddress(address) ?? '::', port };
  }
}

interface SessionOptions {
  readonly client: { readonly address: string; readonly port: number };
  readonly local: { readonly address: string; readonly port: number };
  readonly memory: Buffer;
  /** False: there was no room. */
  readonly reply: (datagram: Buffer) => boolean;
  readonly onOver: () => void;
}

class DatagramSession implements StreamHandler {
  readonly #parts: PortParts;
  readonly #tally: PortTally;
  readonly #entry: PortTally['entry'];
  readonly #options: SessionOptions;
  readonly #startedMs: number;
  readonly #requestId: string;
  #reader: DatagramReader | undefined;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #reached: Reached | undefined;
  #cancelReach: (() => void) | undefined;
  #hasRoom = true;
  #openedMs = 0;
  #progressMs: number;
  /** When a session that failed is forgotten; 0 while it lives. */
  #deadUntilMs = 0;
  #bytesIn = 0;
  #bytesOut = 0;

  constructor(parts: PortParts, tally: PortTally, options: SessionOptions) {
    this.#parts = parts;
    this.#tally = tally;
    this.#entry = tally.entry;
    this.#options = options;
    this.#startedMs = this.#progressMs = parts.clock.nowMs();
    this.#requestId = parts.newRequestId();
  }

  start(): void {
    const { tunnelId, hostname } = this.#entry;
    const { client, local } = this.#options;
    this.#cancelReach = reachService(
      this.#parts,
      { tunnelId, hostname, wantsDatagrams: true, client, local, requestId: this.#requestId },
      {
        onReached: (reached) => this.#join(reached),
        onFailed: (cause, attempts) => this.#fail(cause, attempts),
      },
    );
  }

  /** A datagram of the client's. */
  receive(datagram: Buffer): void {
    this.#progressMs = this.#parts.clock.nowMs();
    if (this.#deadUntilMs > 0 || !this.#hasRoom) return this.#drop();
    if (this.#reached) return this.#send(datagram);
    if (this.#waiting.length >= maxWaiting || this.#waitingBytes + datagram.length > maxWaitingBytes)
      return this.#drop();
    this.#waiting.push(Buffer.from(datagram));
    this.#waitingBytes += datagram.length;
  }

  sweep(nowMs: number): void {
    if (this.#deadUntilMs > 0) {
      if (nowMs >= this.#deadUntilMs) this.#options.onOver();
    } else if (nowMs - this.#progressMs > this.#entry.idleMs) this.end('', '');
  }

  /** Ends it, properly or with what went wrong. */
  end(reason: ResetReason | '', detail: string): void {
    if (this.#deadUntilMs > 0) return this.#options.onOver();
    this.#cancelReach?.();
    if (this.#reached) {
      this.#reached.release();
      this.#reached.stream.handler = deafHandler;
      this.#reached.stream.reset('cancelled', detail);
    }
    const cause = reason === '' ? undefined : failure('origin-closed', `${reason}: ${detail}`);
    this.#log(cause, this.#reached?.attempts ?? 0);
    this.#options.onOver();
  }

  onData(chunk: Buffer): void {
    this.#progressMs = this.#parts.clock.nowMs();
    this.#reached!.stream.consume(chunk.length);
    const isWhole = this.#reader!.read(chunk, (datagram) => {
      if (!this.#options.reply(datagram)) return this.#drop();
      this.#bytesOut += datagram.length;
    });
    if (!isWhole) this.end('protocol-error', 'the connector sent no datagrams');
  }

  /** The service at home is gone; the next datagram begins anew. */
  onEnd(): void {
    this.end('', '');
  }

  onReset(reason: ResetReason, detail: string): void {
    this.#reached!.release();
    const code = reason === 'connection-lost' ? 'connector-lost' : 'origin-closed';
    const { attempts } = this.#reached!;
    this.#reached = undefined;
    // Another connection may take the next datagram at once; a service that refuses may need a moment.
    if (code === 'connector-lost') {
      this.#log(failure(code, `${reason}: ${detail}`), attempts);
      this.#options.onOver();
    } else this.#fail(failure(code, `${reason}: ${detail}`), attempts);
  }

  onDrain(): void {
    this.#hasRoom = true;
  }

  #join(reached: Reached): void {
    this.#reached = reached;
    this.#openedMs = this.#parts.clock.nowMs();
    this.#reader = new DatagramReader();
    reached.stream.handler = this;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const datagram of waiting) this.#send(datagram);
  }

  #send(datagram: Buffer): void {
    this.#bytesIn += datagram.length;
    this.#hasRoom = this.#reached!.stream.write(encodeDatagram(datagram, this.#options.memory), true);
  }

  #drop(): void {
    this.#tally.dropped += 1;
  }

  #fail(cause: ExchangeFailure, attempts: number): void {
    this.#deadUntilMs = this.#parts.clock.nowMs() + afterFailureMs;
    this.#waiting = [];
    this.#tally.failures += 1;
    this.#log(cause, attempts);
  }

  #log(cause: ExchangeFailure | undefined, attempts: number): void {
    const { clock, accessLog } = this.#parts;
    this.#tally.bytesIn += this.#bytesIn;
    this.#tally.bytesOut += this.#bytesOut;
    accessLog.addConnection({
      id: this.#requestId,
      client: this.#options.client.address,
      port: this.#entry,
      host: this.#entry.hostname,
      ...{ bytesIn: this.#bytesIn, bytesOut: this.#bytesOut, attempts, failure: cause },
      ms: clock.nowMs() - this.#startedMs,
      openMs: this.#openedMs > 0 ? this.#openedMs - this.#startedMs : 0,
      target: this.#reached?.target,
    });
  }
}

const deafHandler: StreamHandler = { onData() {}, onEnd() {}, onReset() {}, onDrain() {} };
