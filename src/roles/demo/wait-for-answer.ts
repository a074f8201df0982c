// Asks for a page until it is answered: "ready" is said only when a request has really gone through everything.
import { httpsGet } from '#base/net/node-http.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorText, SallyportError } from '#base/errors.ts';

export interface WaitOptions {
  /** An https URL; its hostname is only used for SNI and Host, the connection goes to 127.0.0.1. */
  readonly url: string;
  /** PEM of the CA that must vouch for the answer. */
  readonly ca: string;
  readonly withinMs: number;
  /** Nothing is asked before this is so, to keep errors that say nothing out of the logs. */
  readonly isConnected: () => boolean;
  /** Ends the wait early. */
  readonly stop: AbortSignal;
}

const retryEveryMs = 25;

/**
 * Resolves on the first 200 (or when it is stopped) to the number of requests that were answered.
 * @throws SallyportError 'edge-unreachable' with the last thing that happened
 */
export async function waitForAnswer(options: WaitOptions): Promise<number> {
  const deadline = performance.now() + options.withinMs;
  let answered = 0;
  let last = 'the connector has not connected';
  while (performance.now() < deadline && !options.stop.aborted) {
    if (options.isConnected()) {
      try {
        const status = await statusOf(options);
        answered += 1;
        if (status === 200) return answered;
        last = `it answered ${status}`;
      } catch (error) {
        last = errorText(error);
      }
    }
    await sleep(retryEveryMs);
  }
  if (options.stop.aborted) return answered;
  throw new SallyportError(
    'edge-unreachable',
    `No page came through the tunnel within ${options.withinMs / 1000} s (${last}); run again with --loglevel debug to see why.`,
  );
}

function statusOf({ url, ca }: WaitOptions): Promise<number> {
  const { hostname, port, pathname, host } = new URL(url);
  return new Promise((resolve, reject) => {
    const request = httpsGet(
      {
        host: '127.0.0.1',
        port,
        path: pathname,
        servername: hostname,
        headers: { Host: host },
        ca,
        agent: false,
        timeout: 5_000,
      },
      (response) => {
        response.resume();
        response.on('error', reject);
        response.on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    request.on('timeout', () => request.destroy(new Error('no answer within 5 s')));
    request.on('error', reject);
  });
}
