// Stands before the client's front for one answer, and adds a cookie of the edge's own to its head.
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { Downstream, ExchangeFailure, Fields, ResponseHead } from '#http/exchange.ts';

export class FrontWithCookie implements Downstream {
  readonly #front: Downstream;
  readonly #cookie: string;

  /** `cookie`: the value of Set-Cookie. */
  constructor(front: Downstream, cookie: string) {
    this.#front = front;
    this.#cookie = cookie;
  }

  respond(head: ResponseHead): void {
    const line = `Set-Cookie: ${this.#cookie}\r\n`;
    this.#front.respond(new EditedHead(head, new EditedFields(head.fields, line)));
  }

  inform(head: ResponseHead): void {
    this.#front.inform(head);
  }

  switchProtocols(head: ResponseHead): void {
    this.#front.switchProtocols(head);
  }

  body(chunk: Buffer): boolean {
    return this.#front.body(chunk);
  }

  end(trailers: Fields | null): void {
    this.#front.end(trailers);
  }

  flush(): void {
    this.#front.flush?.();
  }

  abort(failure: ExchangeFailure): void {
    this.#front.abort(failure);
  }

  upstreamDrained(): void {
    this.#front.upstreamDrained();
  }
}
