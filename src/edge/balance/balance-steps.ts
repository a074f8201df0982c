// What a balanced route does beside choosing a member: the cookie by which a visitor stays with one, set on his first answer
// from it and never stored by the cache, and the page that says how many services are well.
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { ResponseHead } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import type { BalanceEntry } from '#model/routes/balance-policy.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { Exchange } from '../exchange.ts';
import { HeadStep } from '../routes/head-step.ts';
import type { HandlerHost, RouteHandler } from '../routes/route-handler.ts';
import { isWell, wantedKey } from './balances.ts';

/** Puts the steps before `next`; undefined when there are none and `next` is nothing. */
export function withBalanceSteps(
  route: RouteEntry,
  next: RouteHandler | undefined,
  host: HandlerHost,
): RouteHandler | undefined {
  const { balance } = route;
  if (!balance || (balance.sticky === undefined && balance.statusPath === undefined)) return next;
  return new BalanceHandler(route, balance, next, host);
}

class BalanceHandler implements RouteHandler {
  readonly name = 'balance';
  readonly #route: RouteEntry;
  readonly #balance: BalanceEntry;
  readonly next: RouteHandler | undefined;
  readonly #host: HandlerHost;

  constructor(route: RouteEntry, balance: BalanceEntry, next: RouteHandler | undefined, host: HandlerHost) {
    this.#route = route;
    this.#balance = balance;
    this.next = next;
    this.#host = host;
  }

  get policy(): RouteHandler['policy'] {
    return this.next?.policy;
  }

  start(exchange: Exchange): void {
    const { sticky, statusPath } = this.#balance;
    if (statusPath !== undefined && exchange.request.path === statusPath) return this.#answerStatus(exchange);
    if (sticky !== undefined) exchange.front = new StickyStep(exchange, sticky, this.#route.path);
    if (this.next) this.next.start(exchange);
    else this.#host.forward(exchange);
  }

  #answerStatus(exchange: Exchange): void {
    const members = this.#host.membersOf?.(this.#route) ?? [];
    const well = members.filter(({ state }) => isWell(state)).length;
    const words =
      well === members.length
        ? 'All services are well.'
        : well === 0
          ? 'No service is well.'
          : 'Some services are not well.';
    const wantsJson = (exchange.request.fields.get('accept') ?? '').includes('application/json');
    // Names and addresses of services are the owner's; visitors are told how many there are.
    const text = wantsJson
      ? JSON.stringify({ services: members.length, well })
      : `<!doctype html><html lang="en"><meta charset="utf-8"><title>Status</title><h1>${words}</h1><p>${well} of ${members.length}.</p></html>\n`;
    const body = Buffer.from(text);
    const isHead = exchange.request.method === 'HEAD';
    exchange.respond({
      status: well === 0 ? 503 : 200,
      fields: new ListFields([
        ...['Content-Type', wantsJson ? 'application/json' : 'text/html; charset=utf-8'],
        ...['Cache-Control', 'no-store'],
      ]),
      bodyKind: isHead ? 'none' : 'length',
      contentLength: body.length,
    });
    if (!isHead) exchange.body(body);
    exchange.end(null);
  }
}

class StickyStep extends HeadStep {
  readonly #cookie: string;
  readonly #path: string;

  constructor(exchange: Exchange, cookie: string, path: string) {
    super(exchange, exchange.front);
    this.#cookie = cookie;
    this.#path = path;
  }

  respond(head: ResponseHead): void {
    if (this.exchange.front === this) this.stepAside();
    const { target, request } = this.exchange;
    const key = target?.member?.key;
    if (key === undefined || wantedKey(this.#cookie, request.fields.get('cookie')) === key)
      return this.front.respond(head);
    const secure = request.scheme === 'https' ? '; Secure' : '';
    const line = `Set-Cookie: ${this.#cookie}=${key}; Path=${this.#path}; HttpOnly; SameSite=Lax${secure}\r\n`;
    this.front.respond(new EditedHead(head, new EditedFields(head.fields, line)));
  }
}
