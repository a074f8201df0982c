// An answer that the cache has nothing to do with but to say so: requests of other methods, those that a rule sends past
// the cache, and answers that may not be kept. What changes something at the origin voids what is stored of it.
import { cacheStatusLines } from '#http/cache/cache-status.ts';
import type { CacheOutcome } from '#http/cache/cache-status.ts';
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { Downstream, ExchangeFailure, Fields, ResponseHead } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';
import { isOwnAnswer } from '../http2-fields.ts';
import type { Responder } from './responder.ts';

/** Stands before the front until the final head has come. */
export class PassThrough implements Downstream {
  readonly #exchange: Exchange;
  readonly #front: Downstream;
  readonly #outcome: CacheOutcome;
  readonly #respond: Responder;
  readonly #answered: ((head: ResponseHead) => void) | undefined;

  /** `answered` is told of the head before it is passed on. */
  constructor(
    exchange: Exchange,
    outcome: CacheOutcome,
    respond: Responder,
    answered?: (head: ResponseHead) => void,
  ) {
    this.#exchange = exchange;
    this.#front = exchange.front;
    this.#outcome = outcome;
    this.#respond = respond;
    this.#answered = answered;
  }

  respond(head: ResponseHead): void {
    this.#answered?.(head);
    passOn(this.#exchange, this.#front, head, { outcome: this.#outcome, respond: this.#respond });
  }

  inform(head: ResponseHead): void {
    this.#front.inform(head);
  }

  switchProtocols(head: ResponseHead): void {
    this.#exchange.front = this.#front;
    this.#front.switchProtocols(head);
  }

  body(chunk: Buffer): boolean {
    return this.#front.body(chunk);
  }

  flush(): void {
    this.#front.flush?.();
  }

  end(trailers: Fields | null): void {
    this.#front.end(trailers);
  }

  abort(what: ExchangeFailure): void {
    this.#front.abort(what);
  }

  upstreamDrained(): void {
    this.#front.upstreamDrained();
  }
}

/** Lines that never change, by outcome; most answers need one of a few. */
const constantLines = new WeakMap<CacheOutcome, string>();

/** Hands an origin's head to the front, with what the cache says of it; the rest of the answer goes there directly. */
export function passOn(
  exchange: Exchange,
  front: Downstream,
  head: ResponseHead,
  { outcome, respond }: { readonly outcome: CacheOutcome; readonly respond: Responder },
): void {
  exchange.front = front;
  // The edge's own pages are no answers of a cache, nor do they go through one.
  if (isOwnAnswer(head.fields)) return front.respond(head);
  exchange.cacheWord = outcome.word;
  let lines = constantLines.get(outcome);
  if (lines === undefined) constantLines.set(outcome, (lines = cacheStatusLines(outcome)));
  respond(exchange, new EditedHead(head, new EditedFields(head.fields, lines, foreignFor(head.fields))));
}

const foreignNames: ReadonlySet<string> = new Set(['cf-cache-status']);

/** An origin behind another cache must not say in our name what that one did. */
function foreignFor(fields: Fields): ReadonlySet<string> | undefined {
  return fields.get('cf-cache-status') === undefined ? undefined : foreignNames;
}
