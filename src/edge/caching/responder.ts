// How a head that did not come from the cache goes to the front of its exchange: as it is, or through a coder.
import type { ResponseHead } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';

/** Hands the head on; may put something between the exchange and its front. */
export type Responder = (exchange: Exchange, head: ResponseHead) => void;

/** Without any coding. */
export const respondPlainly: Responder = (exchange, head) => exchange.front.respond(head);
