// What upstreams of all kinds and an exchange know of each other, beside what any handler of requests does (http/exchange.ts): steps
// that stand between the two pass it on.
import type { Downstream, Upstream } from '#http/exchange.ts';
import type { ResetReason } from '#tunnel/stream.ts';
import type { EdgeLines } from './edge-lines.ts';

/** What an upstream needs to tell its exchange beside the response: when things happened, and whether to try again. */
export interface ExchangeSide extends Downstream {
  /** The origin was reached by the connector just now (a new stream only). */
  originOpened(): void;
  /** The stream went away before any response byte; the exchange decides whether to try elsewhere. */
  lostBeforeResponse(reason: ResetReason | 'origin-closed', detail: string): void;
}

/** An upstream whose answer somebody else can take over once its final head has come. */
export interface MovableUpstream extends Upstream {
  moveTo?(side: ExchangeSide): void;
}

/** Parameters of one request beside its head. */
export interface BeginOptions {
  /** Field lines the edge adds. */
  readonly edgeLines: EdgeLines | undefined;
  readonly side: ExchangeSide;
}
