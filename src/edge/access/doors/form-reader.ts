// Reads a form that a page without script has posted to the edge itself: stands where an origin would.
import type { ExchangeSide, MovableUpstream } from '../../exchange-side.ts';
import type { Exchange } from '../../exchange.ts';

/** A password and a token. */
const longestFormBytes = 16_384;

/** Calls back with the form's fields once it is whole; one that is too long or of another type is refused at once. */
export function readForm(exchange: Exchange, done: (form: URLSearchParams) => void): void {
  const { request } = exchange;
  if (!/^application\/x-www-form-urlencoded\s*(;|$)/i.test(request.fields.get('content-type') ?? '')) {
    return exchange.fail('bad-request', 'not a form');
  }
  if (exchange.isRequestDone) return done(new URLSearchParams());
  exchange.attach(new FormReader(exchange, done));
}

class FormReader implements MovableUpstream {
  readonly #exchange: Exchange;
  readonly #done: (form: URLSearchParams) => void;
  #pieces: Buffer[] = [];
  #bytes = 0;
  #isOver = false;

  constructor(exchange: Exchange, done: (form: URLSearchParams) => void) {
    this.#exchange = exchange;
    this.#done = done;
  }

  /** Chunks are valid during the call only. */
  writeBody(chunk: Buffer): boolean {
    if (this.#isOver) return true;
    this.#bytes += chunk.length;
    if (this.#bytes > longestFormBytes) {
      this.#isOver = true;
      this.#pieces = [];
      this.#exchange.fail('bad-request', 'the form is too long');
      return true;
    }
    this.#pieces.push(Buffer.from(chunk));
    return true;
  }

  endBody(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#done(new URLSearchParams(Buffer.concat(this.#pieces).toString('utf8')));
  }

  downstreamDrained(): void {}

  abort(): void {
    this.#isOver = true;
    this.#pieces = [];
  }

  /** Nothing is under way that another could take over. */
  moveTo(_side: ExchangeSide): void {}
}
