// The step of a public route on a hostname that has protected ones, too: browsers send the edge's cookies there as well, and
// what serves it is not to have them.
import type { Exchange } from '../../exchange.ts';
import type { HandlerHost, RouteHandler } from '../../routes/route-handler.ts';
import { withoutProof } from './access-handler.ts';

export class OpenNeighbour implements RouteHandler {
  readonly name = 'open neighbour';
  readonly next: RouteHandler | undefined;
  readonly #host: HandlerHost;

  /** `next`: the route's other steps. */
  constructor(next: RouteHandler | undefined, host: HandlerHost) {
    this.next = next;
    this.#host = host;
  }

  start(exchange: Exchange): void {
    exchange.request = withoutProof(exchange.request, undefined);
    if (this.next) this.next.start(exchange);
    else this.#host.forward(exchange);
  }
}
