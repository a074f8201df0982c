// One stream inside a session: its two directions, its credit, and the calls of whoever holds it. HOT: `write` and
// `receiveData` run for every frame; the usual case copies straight into the output and allocates nothing.
import type { BufferPool } from '#base/io/buffer-pool.ts';
import { errorText } from '#base/errors.ts';
import { frameTypes } from '#wire/tunnel-frame.ts';
import { encodeCodeAndText } from '#wire/tunnel-message.ts';
import type { Output } from './output.ts';
import { SendQueue } from './send-queue.ts';
import { resetCodes, type ResetReason, type StreamHandler, type TunnelStream } from '../stream.ts';
import { initialWindowBytes, ReceiveWindow, type WindowBudget } from './window.ts';
import { unattendedHandler } from '../unattended-handler.ts';

/** The longest DATA frame we send, and the most a stream sends before it is the next one's turn. */
export const turnBytes = 32_768;

/** A writer that goes on for this long after `write` said false has lost its right to the stream. */
export const pendingLimitBytes = 4 * 1024 * 1024;

/** A peer may not grant more credit than this in all; no sane window comes near. */
const creditLimitBytes = 0x7fff_ffff;

/** What a stream needs of the table it lives in. */
export interface StreamHost {
  readonly output: Output;
  readonly budget: WindowBudget;
  /** What waits for the output is copied into these. */
  readonly pool: BufferPool;
  /** True when nothing else waits for the output, and it is below its high-water mark. */
  readonly canSendNow: boolean;
  /** The stream has bytes and credit: give it a turn when the output has room. */
  queueTurn(stream: SessionStream): void;
  /** The stream has credit to give back with the next flush. */
  queueCredit(stream: SessionStream): void;
  /** The stream is over; its id now names a closed stream. */
  forget(stream: SessionStream): void;
  /** A callback threw, which it must not. */
  reportFault(error: unknown): void;
}

export class SessionStream implements TunnelStream {
  readonly id: number;
  handler: StreamHandler = unattendedHandler;
  readonly window: ReceiveWindow;
  /** Links of the table's two queues; a stream is in each at most once. */
  nextTurn: SessionStream | undefined = undefined;
  isTurnQueued = false;
  nextCredit: SessionStream | undefined = undefined;
  isCreditQueued = false;
  readonly #host: StreamHost;
  readonly #pending: SendQueue;
  #isOpen = true;
  #isOpenedTold = false;
  #isRemoteEnded = false;
  /** `end` was called; FIN goes out after what is pending. */
  #isEnding = false;
  /** What we may still send. */
  #creditBytes = initialWindowBytes;
  /** A `write` returned false and `onDrain` is owed. */
  #owesDrain = false;

  constructor(id: number, host: StreamHost) {
    this.id = id;
    this.#host = host;
    this.#pending = new SendQueue(host.pool);
    this.window = new ReceiveWindow(host.budget);
  }

  get isOpen(): boolean {
    return this.#isOpen;
  }

  get isRemoteEnded(): boolean {
    return this.#isRemoteEnded;
  }

  get isFlushed(): boolean {
    return this.#pending.byteCount === 0;
  }

  write(chunk: Uint8Array, isScratch: boolean): boolean {
    if (!this.#isOpen || this.#isEnding) return true;
    const sent = this.#pending.byteCount === 0 && this.#host.canSendNow ? this.#sendNow(chunk) : 0;
    if (sent === chunk.length) return true;
    if (this.#pending.byteCount + chunk.length - sent > pendingLimitBytes) {
      this.reset('internal-error', `more than ${pendingLimitBytes} bytes were written against backpressure`);
      return true;
    }
    this.#pending.push(chunk, sent, isScratch);
    this.#owesDrain = true;
    if (this.#creditBytes > 0) this.#host.queueTurn(this);
    return false;
  }

  end(): void {
    if (!this.#isOpen || this.#isEnding) return;
    this.#isEnding = true;
    if (this.#pending.byteCount === 0) this.#sendFin();
  }

  reset(reason: ResetReason, detail = ''): void {
    if (!this.#isOpen) return;
    const payload = encodeCodeAndText(resetCodes[reason], detail);
    this.#host.output.append(frameTypes.RESET, this.id, payload, 0, payload.length);
    this.#finish();
  }

  consume(byteCount: number): void {
    if (this.window.consume(byteCount) && !this.#isRemoteEnded && this.#isOpen) this.#host.queueCredit(this);
  }

  /** Sends from the queue while output and credit allow, one turn's worth; then queues itself again if need be. */
  takeTurn(): void {
    if (!this.#isOpen) return;
    let left = Math.min(turnBytes, this.#creditBytes);
    while (left > 0) {
      const run = this.#pending.nextRun(left);
      if (run === 0) break;
      this.#pending.drain(run, this.#appendData);
      left -= run;
    }
    if (this.#pending.byteCount > 0) {
      if (this.#creditBytes > 0) this.#host.queueTurn(this);
      return;
    }
    if (this.#isEnding) this.#sendFin();
    if (this.#owesDrain && this.#isOpen) {
      this.#owesDrain = false;
      this.#call((handler) => handler.onDrain());
    }
  }

  /** Bytes of a DATA frame. Returns why the peer broke the rules, or ''. */
  receiveData(bytes: Buffer): string {
    if (this.#isRemoteEnded) return `DATA after FIN on stream ${this.id}`;
    if (!this.window.receive(bytes.length)) return `more DATA than credit on stream ${this.id}`;
    try {
      this.handler.onData(bytes);
    } catch (error) {
      this.#fail(error);
    }
    return '';
  }

  receiveOpened(): string {
    if (this.#isOpenedTold) return `second OPENED on stream ${this.id}`;
    this.#isOpenedTold = true;
    this.#call((handler) => handler.onOpened?.());
    return '';
  }

  receiveFin(): string {
    if (this.#isRemoteEnded) return `second FIN on stream ${this.id}`;
    this.#isRemoteEnded = true;
    const isOver = this.#isEnding && this.#pending.byteCount === 0;
    if (isOver) this.#finish();
    this.#call((handler) => handler.onEnd());
    return '';
  }

  receiveCredit(byteCount: number): string {
    this.#creditBytes += byteCount;
    if (this.#creditBytes > creditLimitBytes) return `too much CREDIT on stream ${this.id}`;
    if (this.#pending.byteCount > 0) this.#host.queueTurn(this);
    return '';
  }

  /** The peer's RESET, or the end of the connection. */
  receiveReset(reason: ResetReason, detail: string): void {
    if (!this.#isOpen) return;
    this.#finish();
    this.#call((handler) => handler.onReset(reason, detail));
  }

  /** Tells the peer that the origin was reached (connector side). */
  sendOpened(): void {
    if (!this.#isOpen || this.#isOpenedTold) return;
    this.#isOpenedTold = true;
    this.#host.output.appendHeader(frameTypes.OPENED, this.id, 0);
  }

  /** Sends as much as output and credit allow at once; returns how much that was. */
  #sendNow(chunk: Uint8Array): number {
    const host = this.#host;
    const limit = Math.min(chunk.length, this.#creditBytes);
    let sent = 0;
    while (sent < limit && host.canSendNow) {
      const end = Math.min(limit, sent + turnBytes);
      this.#appendData(chunk, sent, end);
      sent = end;
    }
    return sent;
  }

  readonly #appendData = (piece: Uint8Array, from: number, to: number): void => {
    this.#creditBytes -= to - from;
    this.#host.output.append(frameTypes.DATA, this.id, piece, from, to);
  };

  #sendFin(): void {
    this.#host.output.appendHeader(frameTypes.FIN, this.id, 0);
    if (this.#isRemoteEnded) this.#finish();
  }

  #finish(): void {
    this.#isOpen = false;
    this.#owesDrain = false;
    this.#pending.clear();
    this.window.release();
    this.#host.forget(this);
  }

  #call(run: (handler: StreamHandler) => void): void {
    try {
      run(this.handler);
    } catch (error) {
      this.#fail(error);
    }
  }

  /** A callback threw: this stream ends, its neighbours do not. */
  #fail(error: unknown): void {
    this.#host.reportFault(error);
    if (!this.#isOpen) return;
    this.reset('internal-error');
    try {
      this.handler.onReset('internal-error', errorText(error));
    } catch (again) {
      this.#host.reportFault(again);
    }
  }
}
