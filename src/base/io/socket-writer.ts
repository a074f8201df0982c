// Writing to a socket without the stream machinery above its handle: one write at a time, straight to the handle, told
// when it is over. Queues, joins and limits are the owner's (gather-writer.ts, tunnel/transport/tls-transport.ts).
//
// TLS is over with a write in the next check phase of the event loop at the earliest, also of what the system has taken at
// once, and a call from there for each is 3 % of what a small request costs. So short writes are asked for all together,
// right after that. One that failed then says so by the socket's end, which is read; a long one says it itself.
//
// From construction on nobody else may write to the socket. A handle that Node has made otherwise is written to through
// the stream, with the same outcome.
//
// HOT: bench/bench.ts shows it.
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import {
  handleOf,
  noRequest,
  type SocketHandle,
  socketInternals,
  type WriteRequest,
} from './socket-internals.ts';
import { type Flushable, TurnFlusher } from './turn-flusher.ts';

/** Longer writes are told of one by one: they are few, and most of a transfer that may fail in its midst. */
const shortBytes = 16_384;

/** Asks after the short writes of a turn. */
const afterTurn = new TurnFlusher(setImmediate);

export class SocketWriter implements Flushable {
  readonly #socket: Socket;
  readonly #onReady: () => void;
  readonly #handle: SocketHandle | undefined;
  readonly #isTls: boolean;
  /** Completed requests; one is still in use while its completion runs, so there are two. */
  #spare: WriteRequest | undefined;
  /** The same of those that are asked after. */
  #silent: WriteRequest | undefined;
  #isBusy = false;

  /** `onReady`: the last `send` is over, well or not; another may follow. */
  constructor(socket: Socket, onReady: () => void) {
    this.#socket = socket;
    this.#onReady = onReady;
    this.#isTls = 'encrypted' in socket;
    const handle = socketInternals && socket.writableLength === 0 ? handleOf(socket) : undefined;
    this.#handle = typeof handle?.writeBuffer === 'function' ? handle : undefined;
  }

  /** A `send` is under way; the next must wait. */
  get isBusy(): boolean {
    return this.#isBusy;
  }

  /** The memory of the `send` under way is still being read. */
  get holdsMemory(): boolean {
    return this.#isBusy && !(this.#isTls && this.#handle);
  }

  /** Sends bytes, at least one; never while busy. Does nothing once the socket is destroyed. */
  send(bytes: Uint8Array): void {
    if (this.#isGone()) return;
    if (!this.#handle) {
      this.#isBusy = true;
      this.#socket.write(bytes, () => this.#ready());
      return;
    }
    if (this.#isTls && bytes.length <= shortBytes) return this.#sendSilently(this.#handle, bytes);
    const request = this.#spare ?? this.#newRequest();
    this.#spare = undefined;
    this.#sent(this.#handle.writeBuffer(request, bytes), request);
  }

  /** Several pieces can be sent as one write. */
  get takesMany(): boolean {
    return this.#handle?.writev !== undefined;
  }

  /** As `send`, of several pieces, where `takesMany`. */
  sendMany(pieces: readonly Uint8Array[]): void {
    if (this.#isGone()) return;
    const request = this.#spare ?? this.#newRequest();
    this.#spare = undefined;
    this.#sent(this.#handle!.writev!(request, pieces, true), request);
  }

  /** A socket that is destroyed has lost its handle; asking the stream costs more than all else here. */
  #isGone(): boolean {
    return this.#handle ? handleOf(this.#socket) !== this.#handle : this.#socket.destroyed;
  }

  #sent(status: number, request: WriteRequest): void {
    if (status !== 0) this.#fail(status, '');
    else if (socketInternals!.isLastWriteUnderWay()) this.#isBusy = true;
    else this.#spare = request;
  }

  #sendSilently(handle: SocketHandle, bytes: Uint8Array): void {
    const status = handle.writeBuffer((this.#silent ??= new socketInternals!.WriteRequest()), bytes);
    if (status !== 0) return this.#fail(status, '');
    if (!socketInternals!.isLastWriteUnderWay()) return;
    this.#isBusy = true;
    afterTurn.add(this);
  }

  /** Asks after the short write that is under way. */
  flush(): void {
    const request = this.#silent!;
    if (request.getAsyncId() === noRequest) return this.#ready();
    // The system is slow to take it.
    this.#silent = undefined;
    request.oncomplete = (status, _handle, error) => this.#over(status, error);
  }

  #newRequest(): WriteRequest {
    const request = new socketInternals!.WriteRequest();
    request.oncomplete = (status, _handle, error) => {
      this.#over(status, error);
      this.#spare ??= request;
    };
    return request;
  }

  #over(status: number, error: string | undefined): void {
    if (status < 0) this.#fail(status, error ?? '');
    this.#ready();
  }

  #ready(): void {
    this.#isBusy = false;
    this.#onReady();
  }

  #fail(status: number, detail: string): void {
    const code = getSystemErrorName(status);
    const error: NodeJS.ErrnoException = new Error(`write ${code}${detail === '' ? '' : ` ${detail}`}`);
    error.code = code;
    error.syscall = 'write';
    this.#socket.destroy(error);
  }
}
