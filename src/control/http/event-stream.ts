// Server-sent events (HTML Living Standard, 9.2): events as they come, a comment now and then so that proxies and browsers
// know the stream lives, and a reader that does not keep up is let go instead of being buffered for.
import type { ServerResponse } from 'node:http';
import type { Clock, Timer } from '#base/clock.ts';

export interface EventStream {
  send(event: string, data: unknown): void;
}

/** Between comment lines. */
const beatMs = 15_000;
/** Unread bytes at which a reader is let go; its browser comes back by itself. */
const maxUnreadBytes = 1024 * 1024;

/**
 * Writes events until the client goes away. `start` is given the stream and returns what ends its subscription.
 */
export function writeEvents(
  { response, signal, clock }: { response: ServerResponse; signal: AbortSignal; clock: Clock },
  start: (stream: EventStream) => () => void,
): Promise<void> {
  return new Promise((resolve) => {
    response.writeHead(200, { 'X-Accel-Buffering': 'no' });
    const write = (text: string): void => {
      if (response.writableLength > maxUnreadBytes) response.destroy();
      else response.write(text);
    };
    write('retry: 2000\n\n');
    let timer: Timer | undefined;
    const beat = (): void => {
      timer = clock.after(beatMs, () => {
        write(': alive\n\n');
        beat();
      });
    };
    beat();
    const stop = start({
      send: (event, data) => write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`),
    });
    const finish = (): void => {
      timer?.cancel();
      stop();
      resolve();
    };
    if (signal.aborted) finish();
    else signal.addEventListener('abort', finish, { once: true });
  });
}
