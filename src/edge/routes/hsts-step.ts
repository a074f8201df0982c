// The outermost step of a route that promises https: Strict-Transport-Security on every answer that leaves by https, those
// of the cache, of the sign-in and of the edge's own errors included. An origin that sends the field itself has the say.
// Nothing goes out by plain HTTP, where anybody on the way could have written it (RFC 6797 section 7.2).
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { ResponseHead } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';
import { HeadStep } from './head-step.ts';
import type { HandlerHost, RouteHandler } from './route-handler.ts';

export class HstsHandler implements RouteHandler {
  readonly name = 'hsts';
  readonly #line: string;
  readonly next: RouteHandler | undefined;
  readonly #host: HandlerHost;

  /** `value` is the field's; `next` what the route does beside, undefined: it forwards. */
  constructor(value: string, next: RouteHandler | undefined, host: HandlerHost) {
    this.#line = `Strict-Transport-Security: ${value}\r\n`;
    this.next = next;
    this.#host = host;
  }

  get policy(): RouteHandler['policy'] {
    return this.next?.policy;
  }

  start(exchange: Exchange): void {
    if (exchange.request.scheme === 'https') exchange.front = new HstsStep(exchange, this.#line);
    if (this.next) this.next.start(exchange);
    else this.#host.forward(exchange);
  }
}

class HstsStep extends HeadStep {
  readonly #line: string;

  constructor(exchange: Exchange, line: string) {
    super(exchange, exchange.front);
    this.#line = line;
  }

  respond(head: ResponseHead): void {
    // A step further in may stand before this one for the whole answer.
    if (this.exchange.front === this) this.stepAside();
    const isSaid = head.fields.get('strict-transport-security') !== undefined;
    this.front.respond(isSaid ? head : new EditedHead(head, new EditedFields(head.fields, this.#line)));
  }
}
