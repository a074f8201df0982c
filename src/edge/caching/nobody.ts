// Stand-ins: the client of a question that the edge asks for itself, where nobody listens, and the upstream of a request
// that waits for the disk, where nobody answers yet.
import type { Upstream } from '#http/exchange.ts';
import type { ExchangeSide } from '../exchange-side.ts';

/** Stands in an exchange's upstream's place while something is read. */
export class DiskWaiter implements Upstream {
  readonly #giveUp: () => void;

  constructor(giveUp: () => void) {
    this.#giveUp = giveUp;
  }

  writeBody(): boolean {
    return true;
  }

  endBody(): void {}

  downstreamDrained(): void {}

  abort(): void {
    this.#giveUp();
  }
}

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
