// Stands before the client's front for one answer, and adds a newer cookie to its head.
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { Downstream, ExchangeFailure, Fields, ResponseHead } from '#http/exchange.ts';
import { visitMs } from '#model/sign-in-passage.ts';
import { formatCookie, visitCookie } from './access-cookies.ts';

export class RenewedVisit implements Downstream {
  readonly #front: Downstream;
  readonly #text: string;

  constructor(front: Downstream, text: string) {
    this.#front = front;
    this.#text = text;
  }

  respond(head: ResponseHead): void {
    const line = `Set-Cookie: ${formatCookie(visitCookie, this.#text, visitMs)}\r\n`;
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
