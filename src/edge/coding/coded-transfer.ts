// A response that is compressed on its way, and kept nowhere: stands between an upstream and its exchange, from the head on.
// A short body that comes in one go is compressed as a whole and gets a length; what comes in pieces is passed on in
// pieces, and nothing waits for more than the compressor.
import type { Coding } from '#model/routes/compression-policy.ts';
import { codedHeadChange } from '#http/coding/coded-head.ts';
import { CopiedFields } from '#http/copied-fields.ts';
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import { failure } from '#http/exchange.ts';
import type { ExchangeFailure, Fields, ResponseHead, Upstream } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';
import type { ExchangeSide } from '../exchange-side.ts';
import { Encoder, encodeWhole } from './encoder.ts';
import type { EncoderPool, EncoderSink } from './encoder.ts';

/** Longer bodies are never gathered. */
const wholeBytes = 65_536;

export interface CodedTransferOptions {
  readonly exchange: Exchange;
  /** As the origin sent it, with what the cache has to say of it. */
  readonly head: ResponseHead;
  readonly coding: Coding;
  readonly etag: string;
  readonly vary: readonly string[];
  /** A place in it has been taken for this transfer. */
  readonly pool: EncoderPool;
}

export class CodedTransfer implements ExchangeSide, Upstream, EncoderSink {
  readonly #options: CodedTransferOptions;
  readonly #exchange: Exchange;
  readonly #head: EditedHead;
  #upstream: Upstream | undefined;
  /** Chunks of a body that may still be whole at the end of this turn. */
  #gathered: Buffer[] | undefined = [];
  #gatheredBytes = 0;
  #encoder: Encoder | undefined;
  #trailers: Fields | null = null;
  #isFrontPaused = false;
  #isOver = false;

  constructor(options: CodedTransferOptions) {
    this.#options = options;
    this.#exchange = options.exchange;
    const { head, coding, etag, vary } = options;
    const { omitted, lines } = codedHeadChange(coding, { etag, vary });
    // It is said when the compressor is done; by then others have been read into where the head stands.
    this.#head = new EditedHead(head, new EditedFields(new CopiedFields(head.fields), lines, omitted), {
      bodyKind: 'chunked',
      contentLength: -1,
    });
  }

  /** Takes the answer over. */
  begin(): void {
    const { exchange } = this.#options;
    this.#upstream = exchange.handOver(this);
    exchange.attach(this);
  }

  // ExchangeSide, called by the upstream.

  body(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    if (this.#gathered) {
      this.#gathered.push(Buffer.from(chunk));
      this.#gatheredBytes += chunk.length;
      if (this.#gatheredBytes > wholeBytes) this.#stream();
      return true;
    }
    return this.#encoder!.write(chunk);
  }

  flush(): void {
    if (this.#isOver) return;
    if (this.#gathered) this.#stream();
    this.#encoder!.flush();
  }

  end(trailers: Fields | null): void {
    if (this.#isOver) return;
    this.#upstream = undefined;
    this.#trailers = trailers;
    if (this.#gathered) this.#whole(this.#gathered);
    else this.#encoder!.end();
  }

  abort(cause: ExchangeFailure | string): void {
    if (this.#isOver) return;
    const upstream = this.#upstream;
    this.#leave();
    // From the exchange it is a reason in words, and the origin is to be given up; from the upstream a failure.
    if (typeof cause === 'string') upstream?.abort(cause);
    else this.#exchange.abort(cause);
  }

  #leave(): void {
    this.#isOver = true;
    this.#upstream = undefined;
    this.#gathered = undefined;
    if (this.#encoder) this.#encoder.close();
    else this.#options.pool.leave();
  }

  /** The body is not whole yet: what there is of it goes out. */
  #stream(): void {
    const chunks = this.#gathered!;
    this.#gathered = undefined;
    this.#encoder = new Encoder(this.#options.coding, 'sent', { pool: this.#options.pool, sink: this });
    this.#exchange.front.respond(this.#head);
    this.#exchange.front.flush?.();
    for (const chunk of chunks) this.#encoder.write(chunk);
  }

  #whole(chunks: readonly Buffer[]): void {
    this.#gathered = undefined;
    const bytes = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
    encodeWhole(bytes, this.#options.coding, 'sent', (coded) => {
      if (this.#isOver) return;
      this.#leave();
      if (coded === undefined) {
        this.#exchange.abort(failure('internal', 'a body could not be compressed'));
        return;
      }
      const body = { bodyKind: 'length', contentLength: coded.length } as const;
      this.#exchange.front.respond(new EditedHead(this.#head, this.#head.fields, body));
      this.#exchange.body(coded);
      this.#exchange.end(this.#trailers);
    });
  }

  // EncoderSink.

  data(bytes: Buffer): void {
    if (!this.#exchange.body(bytes) && !this.#isFrontPaused) {
      this.#isFrontPaused = true;
      this.#encoder!.pause();
    }
  }

  flushed(): void {
    this.#exchange.flush();
  }

  drained(): void {
    this.#upstream?.downstreamDrained();
  }

  ended(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#exchange.end(this.#trailers);
  }

  failed(error: Error): void {
    const upstream = this.#upstream;
    this.#isOver = true;
    upstream?.abort(error.message);
    this.#exchange.abort(failure('internal', `a body could not be compressed: ${error.message}`));
  }

  // Upstream, called by the exchange.

  downstreamDrained(): void {
    if (!this.#isFrontPaused) return;
    this.#isFrontPaused = false;
    this.#encoder?.resume();
  }

  writeBody(chunk: Buffer): boolean {
    return this.#upstream ? this.#upstream.writeBody(chunk) : true;
  }

  endBody(trailers: Fields | null): void {
    this.#upstream?.endBody(trailers);
  }

  upstreamDrained(): void {
    this.#exchange.upstreamDrained();
  }

  // What can no longer come once the head has.

  originOpened(): void {}

  lostBeforeResponse(): void {}

  inform(): void {}

  respond(): void {}

  switchProtocols(): void {}
}
