// The reading half of an HTTP/1.1 client connection: what the client sends goes where the present state says, and what
// comes too early waits. Where heads and bodies end http1-reader.ts knows; what they mean, http1-connection.ts decides.
//
// HOT: one data handler per connection, and a part of a body goes straight to the upstream.
import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { noBytes } from '#base/bytes.ts';
import type { GatherWriter } from '#base/io/gather-writer.ts';
import type { StagedReads } from '#base/io/staged-reads.ts';
import type { Fields, Upstream } from '#http/exchange.ts';
import type { Http1Answer } from './http1-answer.ts';
import type { Http1Reader } from './http1-reader.ts';
import type { Http1Request } from './http1-request.ts';

/** What the next bytes are; the last two states throw them away. */
export type IntakeState =
  | 'head'
  | 'length'
  | 'chunked'
  | 'waiting'
  | 'upgrading'
  | 'raw'
  | 'closing'
  | 'closed';

/** Pipelined or early bytes kept while a response is under way; then the socket is paused. */
const maxStashBytes = 65_536;
/** Rest of a request body that is read over after an early response, before the connection is closed. */
const maxDiscardBytes = 1_048_576;

/** The connection that is read from. */
export interface ReadConnection {
  /**
   * A request's head has been read; what follows it begins at `end`.
   * @throws RequestRefusal or Http1Error
   */
  requestBegun(bytes: Buffer, end: number): void;
  /** The present request's body is complete. */
  bodyEnded(trailers: Fields | null): void;
  /** The client has said all that it will, and it has been read as far as it can be. */
  inputEnded(): void;
  /** The client sends on and on what nobody takes. */
  tooMuchDiscarded(): void;
  /** What was sent cannot be read, or reading it met a mistake of our own. */
  inputFailed(error: unknown): void;
}

export interface Http1IntakeOptions {
  readonly socket: Socket;
  readonly reads: StagedReads;
  readonly now: () => number;
  readonly reader: Http1Reader;
  readonly out: GatherWriter;
  readonly answer: Http1Answer;
}

export class Http1Intake {
  readonly #connection: ReadConnection;
  readonly #socket: Socket;
  readonly #now: () => number;
  readonly #reader: Http1Reader;
  readonly #out: GatherWriter;
  readonly #answer: Http1Answer;
  /** No byte is read any more. */
  readonly stop: () => void;
  state: IntakeState = 'head';
  /** Takes the present request's body. */
  upstream: Upstream | undefined;
  /** The client has ended its side. */
  isPeerDone = false;
  /** When the present wait for the client began. */
  sinceMs: number;
  /** In the midst of what has been read: who ends an exchange leaves it to that to go on. */
  isProcessing = false;
  #stash: Buffer = noBytes;
  #discarded = 0;

  constructor(connection: ReadConnection, options: Http1IntakeOptions) {
    this.#connection = connection;
    this.#socket = options.socket;
    this.#now = options.now;
    this.#reader = options.reader;
    this.#out = options.out;
    this.#answer = options.answer;
    this.sinceMs = options.now();
    this.stop = options.reads.read(options.socket, (chunk, lasts) => this.#onData(chunk, lasts));
  }

  /** Nothing has come that was not read yet. */
  get isEmpty(): boolean {
    return this.#stash.length === 0;
  }

  /** Forgets what came early. */
  clear(): void {
    this.#stash = noBytes;
  }

  /** What comes next is the body that `request` announces, or what it wants to switch to. */
  enterBody(request: Http1Request): void {
    this.#discarded = 0;
    const body = this.#reader.enterBody(request);
    if (request.upgrade !== '') this.state = 'upgrading';
    else this.state = body === 'none' ? 'waiting' : body;
  }

  /** From here on bytes pass as they are; first those that came early. */
  enterRaw(): void {
    this.state = 'raw';
    const early = this.#stash;
    this.#stash = noBytes;
    if (early.length === 0 || this.upstream?.writeBody(early)) this.#socket.resume();
    if (this.isPeerDone) this.upstream?.endBody(null);
  }

  /** The upstream takes more. */
  upstreamDrained(): void {
    if (this.#stash.length <= maxStashBytes) this.resume();
  }

  /** The client has taken what was written. */
  outDrained(): void {
    this.upstream?.downstreamDrained();
    if (this.state === 'head' && this.#socket.isPaused()) this.readOn();
  }

  /** Reads on; the time that the client had to wait does not count against it. */
  resume(): void {
    if (!this.#socket.isPaused()) return;
    this.sinceMs = this.#now();
    this.#socket.resume();
  }

  /** Takes up what came while a response was under way. */
  readOn(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
    if (this.#stash.length > 0) this.#process(this.#stash, true);
    else if (this.isPeerDone) this.#connection.inputEnded();
  }

  /** The chunk is valid during the call only, unless it lasts. */
  #onData(chunk: Buffer, lasts: boolean): void {
    // A head has one deadline from its first byte on.
    if (this.#stash.length === 0) this.sinceMs = this.#now();
    switch (this.state) {
      case 'raw':
        if (!this.upstream!.writeBody(chunk)) this.#socket.pause();
        return;
      case 'closing':
      case 'closed':
        return;
      case 'waiting':
      case 'upgrading':
        this.#keep(Buffer.concat([this.#stash, chunk]));
        return;
      default:
        if (this.#stash.length === 0) this.#process(chunk, lasts);
        else this.#process(Buffer.concat([this.#stash, chunk]), true);
    }
  }

  /** `bytes`, which nobody will write over, are to be read later. */
  #keep(bytes: Buffer): void {
    this.#stash = bytes;
    if (this.#stash.length > maxStashBytes) this.#socket.pause();
  }

  /** `lasts`: the bytes stay as they are after the call. */
  #process(bytes: Buffer, lasts: boolean): void {
    this.#stash = noBytes;
    this.isProcessing = true;
    try {
      const rest = this.#consume(bytes, lasts);
      if (rest < bytes.length) this.#keep(lasts ? bytes.subarray(rest) : Buffer.from(bytes.subarray(rest)));
      if (this.isPeerDone && !this.#out.needsDrain) this.#connection.inputEnded();
    } catch (error) {
      this.#connection.inputFailed(error);
    } finally {
      this.isProcessing = false;
    }
  }

  /** Reads as far as the present state allows; returns the offset of the first byte not taken. */
  #consume(bytes: Buffer, lasts: boolean): number {
    let at = 0;
    while (at < bytes.length) {
      switch (this.state) {
        case 'head': {
          if (this.#out.needsDrain) return this.#waitForReader(at);
          const next = this.#reader.readHead(bytes, at, lasts);
          if (!this.#reader.isHeadComplete) return next;
          this.#connection.requestBegun(bytes, next);
          at = next;
          break;
        }
        case 'length':
        case 'chunked':
          at = this.#readBody(bytes, at);
          break;
        case 'raw':
          if (!this.upstream!.writeBody(bytes.subarray(at))) this.#socket.pause();
          return bytes.length;
        case 'closing':
        case 'closed':
          return bytes.length;
        default:
          return at;
      }
    }
    return at;
  }

  /** A client that asks and asks without reading the answers waits until it has read some. */
  #waitForReader(at: number): number {
    this.#socket.pause();
    return at;
  }

  #readBody(bytes: Buffer, at: number): number {
    const before = this.state;
    const next = this.#reader.readBody(bytes, at, (data) => this.#passBody(data));
    if (this.#reader.isBodyDone && this.state === before) this.#connection.bodyEnded(this.#reader.trailers);
    return next;
  }

  #passBody(data: Buffer): void {
    if (this.#answer.isDone && (this.#discarded += data.length) > maxDiscardBytes) {
      this.#connection.tooMuchDiscarded();
      return;
    }
    if (this.upstream && !this.upstream.writeBody(data)) this.#socket.pause();
  }
}
