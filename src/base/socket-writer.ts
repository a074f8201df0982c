// Writing to a socket without the stream machinery above its handle: one write at a time, straight to the handle, told
// when it is over. Queues, joins and limits are the owner's (gather-writer.ts, tunnel/tls-transport.ts).
//
// From construction on nobody else may write to the socket. A handle that Node has made otherwise is written to through
// the stream, with the same outcome.
//
// HOT: bench/bench.ts shows it.
import type { Socket } from 'node:net';
import { getSystemErrorName } from 'node:util';
import { handleOf, type SocketHandle, socketInternals, type WriteRequest } from './socket-internals.ts';

export class SocketWriter {
  readonly #socket: Socket;
  readonly #onReady: () => void;
  readonly #handle: SocketHandle | undefined;
  readonly #isTls: boolean;
  /** Completed requests; one is still in use while its completion runs, so there are two. */
  #spare: WriteRequest | undefined;
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
    if (this.#socket.destroyed) return;
    if (!this.#handle) {
      this.#isBusy = true;
      this.#socket.write(bytes, () => this.#ready());
      return;
    }
    const request = this.#spare ?? this.#newRequest();
    this.#spare = undefined;
    const status = this.#handle.writeBuffer(request, bytes);
    if (status !== 0) this.#fail(status, '');
    else if (socketInternals!.isLastWriteUnderWay()) this.#isBusy = true;
    else this.#spare = request;
  }

  #newRequest(): WriteRequest {
    const request = new socketInternals!.WriteRequest();
    request.oncomplete = (status, _handle, error) => {
      if (status < 0) this.#fail(status, error ?? '');
      this.#ready();
      this.#spare ??= request;
    };
    return request;
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
