// A step of a route that waits for an answer's head: stands before the front until then, and passes on what comes earlier.
// Whoever extends it says what happens to the head; the rest of the answer goes wherever that puts it.
import type { Downstream, ExchangeFailure, Fields, ResponseHead } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';

export abstract class HeadStep implements Downstream {
  protected readonly exchange: Exchange;
  protected readonly front: Downstream;

  constructor(exchange: Exchange, front: Downstream) {
    this.exchange = exchange;
    this.front = front;
  }

  abstract respond(head: ResponseHead): void;

  /** From here on the exchange speaks to its front itself. */
  protected stepAside(): void {
    this.exchange.front = this.front;
  }

  inform(head: ResponseHead): void {
    this.front.inform(head);
  }

  switchProtocols(head: ResponseHead): void {
    this.stepAside();
    this.front.switchProtocols(head);
  }

  upstreamDrained(): void {
    this.front.upstreamDrained();
  }

  /** A failure that a gRPC client wants in its own words. */
  abort(what: ExchangeFailure): void {
    this.front.abort(what);
  }

  // Nothing of this comes before the head.

  body(chunk: Buffer, lasts?: boolean): boolean {
    return this.front.body(chunk, lasts);
  }

  flush(): void {
    this.front.flush?.();
  }

  end(trailers: Fields | null): void {
    this.front.end(trailers);
  }
}
