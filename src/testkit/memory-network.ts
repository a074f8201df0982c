// A network in memory, on a clock that tests move: pairs of transports with a delay, a limited capacity, and faults
// on demand. Each pair has its own delay and jitter, so bytes of different connections overtake each other; within
// one connection order is kept, as TCP does.
import { createHash } from 'node:crypto';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { Transport, TransportHandler } from '#tunnel/transport/transport.ts';

export interface LinkOptions {
  /** One-way delay. */
  readonly delayMs?: number;
  /** A random addition to the delay of every chunk, up to this. */
  readonly jitterMs?: number;
  /** Bytes per millisecond; unlimited by default. */
  readonly bytesPerMs?: number;
  /** What a sender may have under way before `done` is held back (socket buffers); 256 KiB by default. */
  readonly capacityBytes?: number;
  /** Cuts what is delivered into pieces of random size up to this many bytes. */
  readonly maxPieceBytes?: number;
}

export interface MemoryLink {
  readonly edge: Transport;
  readonly connector: Transport;
  /** Holds all bytes back, both ways or one way, until `resume`; neither end notices. */
  stall(direction?: 'to-edge' | 'to-connector'): void;
  resume(): void;
  /** Both ends fail with an error; what is under way is lost. */
  break(): void;
  /** Bytes delivered so far towards each end. */
  readonly delivered: { readonly toEdge: number; readonly toConnector: number };
}

/** One connection between an edge and a connector. */
export function memoryLink(clock: Clock, random: Random, options: LinkOptions = {}): MemoryLink {
  const secret = random.bytes(32);
  const edge = new MemoryTransport(clock, random, options, secret);
  const connector = new MemoryTransport(clock, random, options, secret);
  edge.peer = connector;
  connector.peer = edge;
  return {
    edge,
    connector,
    stall(direction) {
      if (direction !== 'to-connector') connector.isStalled = true;
      if (direction !== 'to-edge') edge.isStalled = true;
    },
    resume() {
      edge.resume();
      connector.resume();
    },
    break() {
      const error = new Error('the memory network broke the connection');
      edge.fail(error);
      connector.fail(error);
    },
    get delivered() {
      return { toEdge: edge.receivedBytes, toConnector: connector.receivedBytes };
    },
  };
}

interface Parcel {
  readonly bytes: Buffer;
  readonly arrivesMs: number;
}

class MemoryTransport implements Transport {
  readonly kind = 'memory';
  readonly remoteAddress = '192.0.2.1:443';
  peer!: MemoryTransport;
  isStalled = false;
  receivedBytes = 0;
  readonly #clock: Clock;
  readonly #random: Random;
  readonly #options: LinkOptions;
  readonly #secret: Buffer;
  #handler: TransportHandler | undefined;
  readonly #underWay: Parcel[] = [];
  /** `done` calls held back while more than the capacity is under way, in order. */
  readonly #heldBack: (() => void)[] = [];
  #underWayBytes = 0;
  #lastArrivalMs = 0;
  #isDelivering = false;
  #wasFull = false;
  #isClosing = false;
  #isGone = false;

  constructor(clock: Clock, random: Random, options: LinkOptions, secret: Buffer) {
    this.#clock = clock;
    this.#random = random;
    this.#options = options;
    this.#secret = secret;
  }

  exporter(label: string, lengthBytes: number): Buffer {
    return createHash('sha512').update(this.#secret).update(label).digest().subarray(0, lengthBytes);
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    this.peer.#deliverSoon();
  }

  write(chunk: Buffer, done: () => void): boolean {
    if (this.#isGone || this.#isClosing) {
      done();
      return true;
    }
    const { delayMs = 0, jitterMs = 0, bytesPerMs = Infinity } = this.#options;
    const startMs = Math.max(
      this.#clock.nowMs() + delayMs + this.#random.fraction() * jitterMs,
      this.#lastArrivalMs,
    );
    this.#lastArrivalMs = startMs + chunk.length / bytesPerMs;
    this.#underWay.push({ bytes: Buffer.from(chunk), arrivesMs: this.#lastArrivalMs });
    this.#underWayBytes += chunk.length;
    this.#deliverSoon();
    const hasRoom = this.#underWayBytes < this.#capacityBytes;
    if (hasRoom) this.#clock.after(0, done);
    else this.#heldBack.push(done);
    this.#wasFull ||= !hasRoom;
    return hasRoom;
  }

  close(): void {
    this.#isClosing = true;
    this.#deliverSoon();
  }

  destroy(): void {
    this.fail(undefined);
    this.peer.fail(new Error('the peer destroyed the connection'));
  }

  resume(): void {
    this.isStalled = false;
    this.#deliverSoon();
  }

  /** Ends this side; the handler is told on a later turn of the clock. */
  fail(error: Error | undefined): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#underWay.length = 0;
    for (const done of this.#heldBack.splice(0)) done();
    this.#clock.after(0, () => this.#handler?.onClose(error));
  }

  get #capacityBytes(): number {
    return this.#options.capacityBytes ?? 262_144;
  }

  #deliverSoon(): void {
    if (this.#isDelivering || this.isStalled || this.#isGone || !this.peer.#handler) return;
    const next = this.#underWay[0];
    if (!next && !this.#isClosing) return;
    this.#isDelivering = true;
    const waitMs = next ? Math.max(0, next.arrivesMs - this.#clock.nowMs()) : (this.#options.delayMs ?? 0);
    this.#clock.after(waitMs, () => {
      this.#isDelivering = false;
      if (this.isStalled || this.#isGone) return;
      if (next) this.#deliver(next);
      else this.#finish();
      this.#deliverSoon();
    });
  }

  #deliver(parcel: Parcel): void {
    this.#underWay.shift();
    this.#underWayBytes -= parcel.bytes.length;
    this.peer.#receive(parcel.bytes);
    while (this.#heldBack.length > 0 && this.#underWayBytes < this.#capacityBytes) this.#heldBack.shift()!();
    if (this.#wasFull && this.#underWayBytes < this.#capacityBytes) {
      this.#wasFull = false;
      this.#handler?.onDrain();
    }
  }

  /** Our side has said all: the peer sees a clean end, and we too. */
  #finish(): void {
    this.peer.fail(undefined);
    this.fail(undefined);
  }

  #receive(bytes: Buffer): void {
    if (this.#isGone) return;
    this.receivedBytes += bytes.length;
    const { maxPieceBytes } = this.#options;
    if (maxPieceBytes === undefined) return this.#handOver(bytes);
    for (let at = 0; at < bytes.length && !this.#isGone;) {
      const size = 1 + Math.floor(this.#random.fraction() * maxPieceBytes);
      this.#handOver(Buffer.from(bytes.subarray(at, at + size)));
      at += size;
    }
  }

  /** The memory is spoilt afterwards, so that whoever kept a view of it is found out. */
  #handOver(bytes: Buffer): void {
    this.#handler?.onData(bytes);
    bytes.fill(0xdd);
  }
}
