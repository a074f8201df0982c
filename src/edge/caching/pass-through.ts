// An answer that the cache has nothing to do with but to say so: requests of other methods, those that a rule sends past
// the cache, and answers that may not be kept.
import { cacheStatusLines } from '#http/cache/cache-status.ts';
import type { CacheOutcome } from '#http/cache/cache-status.ts';
import { EditedFields, EditedHead } from '#http/edited-fields.ts';
import type { Downstream, Fields, ResponseHead } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';
import { HeadStep } from '../routes/head-step.ts';
import { isOwnAnswer } from '../http2/http2-fields.ts';

/** How a head that did not come from the cache goes to the front of its exchange: as it is, or through an encoder. */
export type Responder = (exchange: Exchange, head: ResponseHead) => void;

/** What is said of a passed answer, and how it is passed on. */
export interface Passing {
  readonly outcome: CacheOutcome;
  readonly respond: Responder;
}

export class PassThrough extends HeadStep {
  readonly #passing: Passing;
  readonly #answered: ((head: ResponseHead) => void) | undefined;

  /** `answered` is told of the head before it is passed on. */
  constructor(exchange: Exchange, passing: Passing, answered?: (head: ResponseHead) => void) {
    super(exchange, exchange.front);
    this.#passing = passing;
    this.#answered = answered;
  }

  respond(head: ResponseHead): void {
    this.#answered?.(head);
    passOn(this.exchange, this.front, head, this.#passing);
  }
}

/** Lines that never change, by outcome; most answers need one of a few. */
const constantLines = new WeakMap<CacheOutcome, string>();

/** Hands an origin's head to the front, with what the cache says of it; the rest of the answer goes there directly. */
export function passOn(
  exchange: Exchange,
  front: Downstream,
  head: ResponseHead,
  { outcome, respond }: Passing,
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
