// Whether the service behind a port can be reached, found out as a client of the port would find it out: a stream through the
// tunnel that is given up as soon as the connector says that the service is there. Nothing is sent.
import type { ExchangeFailure } from '#http/exchange.ts';
import { failure } from '#http/exchange.ts';
import type { StreamHandler } from '#tunnel/stream.ts';
import { type ReachParts, type ReachRequest, reachService } from './tunnel-reach.ts';

/** Whoever asks is this edge itself. */
const self = { address: '127.0.0.1', port: 0 };

/** Resolves with the failure, or with undefined when the service was there. */
export function tryService(
  parts: ReachParts,
  request: Omit<ReachRequest, 'client' | 'local'>,
  signal: AbortSignal,
): Promise<ExchangeFailure | undefined> {
  return new Promise((resolve) => {
    const cancel = reachService(
      parts,
      { ...request, client: self, local: self },
      {
        onReached({ stream, release }) {
          stream.handler = deafHandler;
          stream.reset('cancelled', 'it was only asked whether the service is there');
          release();
          resolve(undefined);
        },
        onFailed: resolve,
      },
    );
    const giveUp = (): void => {
      cancel();
      resolve(failure('origin-timeout', 'the connector did not say in time that the service is there'));
    };
    if (signal.aborted) giveUp();
    else signal.addEventListener('abort', giveUp, { once: true });
  });
}

const deafHandler: StreamHandler = { onData() {}, onEnd() {}, onReset() {}, onDrain() {} };
