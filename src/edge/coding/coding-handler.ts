// The handler of a route that compresses but does not cache.
import type { ResponseHead } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';
import { HeadStep } from '../routes/head-step.ts';
import type { HandlerHost, RouteHandler } from '../routes/route-handler.ts';
import type { RouteCoder } from './route-coder.ts';

export class CodingHandler implements RouteHandler {
  readonly name = 'coder';
  readonly #coder: RouteCoder;
  readonly #host: HandlerHost;

  constructor(coder: RouteCoder, host: HandlerHost) {
    this.#coder = coder;
    this.#host = host;
  }

  start(exchange: Exchange): void {
    if (exchange.request.upgrade === '') exchange.front = new CodingStep(exchange, this.#coder);
    this.#host.forward(exchange);
  }
}

class CodingStep extends HeadStep {
  readonly #coder: RouteCoder;

  constructor(exchange: Exchange, coder: RouteCoder) {
    super(exchange, exchange.front);
    this.#coder = coder;
  }

  respond(head: ResponseHead): void {
    this.stepAside();
    this.#coder.respond(this.exchange, head);
  }
}
