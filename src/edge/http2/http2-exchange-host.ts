// What an exchange over HTTP/2 needs of the connection and the front that it belongs to.
import type { ExchangeFailure, RequestHead } from '#http/exchange.ts';
import type { Http2Exchange } from './http2-exchange.ts';
import type { FailureAnswer } from './http2-failure.ts';
import type { FieldTable } from './http2-fields.ts';

/** The request that an error answers: one that was begun, or one that was refused before, as far as it could be read. */
export interface FailedRequests {
  readonly begun: RequestHead | undefined;
  readonly refused: RequestHead | undefined;
}

/** What an exchange needs of the connection and front it belongs to. */
export interface ExchangeHost {
  readonly table: FieldTable;
  answerFailure(what: ExchangeFailure, requests: FailedRequests): FailureAnswer;
  /** The exchange's stream is gone; `isReset`: by a reset that the client sent or provoked. */
  exchangeClosed(exchange: Http2Exchange, isReset: boolean): void;
  /** Bytes of a response went out, in one call. */
  exchangeSent(): void;
  /** A final head is about to be sent; what is said to the client now is there before the response has ended. */
  exchangeResponds(): void;
}
