// Sends a stored body, or a part of it, to one client: as fast as the client reads, no faster, and from memory that it
// shares with every other reader. For its exchange it stands in the upstream's place.
import { failure } from '#http/exchange.ts';
import type { ExchangeFailure, Fields, Upstream } from '#http/exchange.ts';
import type { BodyListener, StoredBody } from './stored-body.ts';

/** Who gets the bytes: an exchange. */
export interface BodySink {
  body(chunk: Buffer, lasts?: boolean): boolean;
  flush(): void;
  end(trailers: Fields | null): void;
  abort(cause: ExchangeFailure): void;
}

export class BodyReader implements Upstream, BodyListener {
  readonly #body: StoredBody;
  readonly #sink: BodySink;
  /** Offset after the last byte to send; Infinity for all there will be. */
  readonly #end: number;
  readonly #first: number;
  #position: number;
  #isPaused = false;
  #isLoading = false;
  #isPumping = false;
  #isDone = false;
  readonly #moved: (() => void) | undefined;

  /** `moved` is called when bytes have been passed on, or the reader leaves. */
  constructor(
    body: StoredBody,
    sink: BodySink,
    part: { readonly first: number; readonly end: number },
    moved?: () => void,
  ) {
    this.#body = body;
    this.#sink = sink;
    this.#first = part.first;
    this.#position = part.first;
    this.#end = part.end;
    this.#moved = moved;
  }

  get position(): number {
    return this.#position;
  }

  /** Sends what is there, and what comes. */
  start(): void {
    // The client may have left while the head was sent.
    if (this.#isDone) return;
    this.#body.listen(this);
    this.#pump();
    // The head goes out even where no byte of the body is there yet.
    if (!this.#isDone && this.#position === this.#first) this.#sink.flush();
  }

  wake(): void {
    this.#pump();
  }

  drop(reason: string): void {
    if (this.#isDone) return;
    this.#leave();
    this.#sink.abort(failure('origin-closed', reason));
  }

  #pump(): void {
    if (this.#isPumping || this.#isLoading || this.#isDone) return;
    this.#isPumping = true;
    const before = this.#position;
    while (!this.#isPaused && !this.#isDone && this.#position < this.#end) {
      const bytes = this.#body.view(this.#position);
      if (bytes === undefined) {
        if (this.#position < this.#body.length) this.#load();
        break;
      }
      this.#pass(bytes);
    }
    this.#isPumping = false;
    if (this.#isDone) return;
    const hasMoved = this.#position > before;
    if (this.#settle()) return;
    if (hasMoved) {
      this.#sink.flush();
      this.#moved?.();
    }
  }

  #pass(bytes: Buffer): void {
    const left = this.#end - this.#position;
    const part = bytes.length > left ? bytes.subarray(0, left) : bytes;
    this.#position += part.length;
    if (!this.#sink.body(part, true)) this.#isPaused = true;
  }

  #load(): void {
    this.#isLoading = true;
    this.#body.load(this.#position, this, (bytes) => {
      this.#isLoading = false;
      if (this.#isDone) return;
      if (bytes === undefined) return this.drop('the stored body could not be read');
      this.#pass(bytes);
      this.#pump();
      this.#moved?.();
    });
  }

  /** Ends the response when nothing more is due. */
  #settle(): boolean {
    const { state, length } = this.#body;
    if (this.#position >= this.#end || (state === 'complete' && this.#position >= length)) {
      this.#leave();
      this.#sink.end(null);
      return true;
    }
    if (state === 'failed' && this.#position >= length) {
      this.drop(this.#body.failure);
      return true;
    }
    return false;
  }

  #leave(): void {
    this.#isDone = true;
    this.#body.unlisten(this);
    this.#moved?.();
  }

  // Upstream, called by the exchange.

  writeBody(): boolean {
    return true;
  }

  endBody(): void {}

  downstreamDrained(): void {
    this.#isPaused = false;
    this.#pump();
  }

  abort(): void {
    if (!this.#isDone) this.#leave();
  }
}
