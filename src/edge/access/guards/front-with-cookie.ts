// Stands before the client's front for one answer, and adds a cookie of the edge's own to its head.
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { ResponseHead } from '#http/exchange.ts';
import type { Exchange } from '../../exchange.ts';
import { HeadStep } from '../../routes/head-step.ts';

export class FrontWithCookie extends HeadStep {
  readonly #cookie: string;

  /** `cookie`: the value of Set-Cookie. */
  constructor(exchange: Exchange, cookie: string) {
    super(exchange, exchange.front);
    this.#cookie = cookie;
  }

  respond(head: ResponseHead): void {
    const line = `Set-Cookie: ${this.#cookie}\r\n`;
    this.front.respond(new EditedHead(head, new EditedFields(head.fields, line)));
  }
}
