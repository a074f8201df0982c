// The step of a route that answers with its redirects, before its cache and its origin; other requests go on as they would
// without it.
import type { RedirectRule } from '#model/routes/redirect-rule.ts';
import { findRedirect } from '#model/routes/redirect-rule.ts';
import { ListFields } from '#http/list-fields.ts';
import type { Exchange } from '../exchange.ts';
import type { HandlerHost, RouteHandler } from './route-handler.ts';

export class RedirectHandler implements RouteHandler {
  readonly name = 'redirects';
  readonly #rules: readonly RedirectRule[];
  readonly next: RouteHandler | undefined;
  readonly #host: HandlerHost;

  /** `next`: what the route does beside; undefined: it forwards. */
  constructor(rules: readonly RedirectRule[], next: RouteHandler | undefined, host: HandlerHost) {
    this.#rules = rules;
    this.next = next;
    this.#host = host;
  }

  start(exchange: Exchange): void {
    const { path, query, method } = exchange.request;
    const found = findRedirect(this.#rules, path, query);
    if (!found) return this.next ? this.next.start(exchange) : this.#host.forward(exchange);
    exchange.respond({
      status: found.status,
      fields: new ListFields(['Location', found.location]),
      bodyKind: method === 'HEAD' ? 'none' : 'length',
      contentLength: 0,
    });
    exchange.end(null);
  }
}
