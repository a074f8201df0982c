// The client of a question that the edge asks for itself: nobody listens.
import type { ExchangeSide } from '../http1-upstream.ts';

/** Takes everything and does nothing. */
export const nobody: ExchangeSide = {
  inform() {},
  respond() {},
  switchProtocols() {},
  body: () => true,
  flush() {},
  end() {},
  abort() {},
  upstreamDrained() {},
  originOpened() {},
  lostBeforeResponse() {},
};
