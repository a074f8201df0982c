// The stream of live events (GET /events): it says what to read again, tells the living picture of each second's traffic,
// and knows whether the edge is there. One for the page; it reconnects with backoff and heals by itself.
import type { ApiClient } from '#api/client.ts';
import { type LiveEvent, liveEventSchema } from '#model/live/live.ts';
import { readEvents } from './event-stream.ts';
import { isSignedOut } from './send.ts';
import type { CallId } from './queries.ts';

/** Whether the page hears from the edge. */
export type Connection = 'connecting' | 'live' | 'lost';

/** What must be read again after an event; operations by id. */
export const staleAfter: Readonly<Record<Exclude<LiveEvent['kind'], 'traffic'>, readonly CallId[] | 'all'>> =
  {
    revision: 'all',
    connector: [
      ...(['getStatus', 'listTunnels', 'getTunnel', 'listTunnelConnectors', 'listConnectors'] as const),
      ...(['getRules', 'getRotation', 'listRoutes', 'getRoute', 'listExposed'] as const),
    ],
    trouble: ['getStatus', 'listTunnels', 'getTunnel', 'listRoutes', 'listExposed'],
  };

export interface LiveEventsOptions {
  readonly api: Pick<ApiClient, 'streamEvents'>;
  /** Gets the ids to read again, or 'all'; called at most once in `gatherMs`. */
  readonly onStale: (ids: ReadonlySet<string> | 'all') => void;
  readonly onEvent: (event: LiveEvent) => void;
  readonly onConnection: (connection: Connection) => void;
  readonly onSignedOut: () => void;
  /** Aborts everything. */
  readonly signal: AbortSignal;
}

/** Events that come close together (a rolling restart, an apply) are answered by one reading. */
const gatherMs = 300;
/** A comment comes every 15 s; without three of them the stream is dead, whatever the socket says. */
const silenceMs = 45_000;
const firstRetryMs = 500;
const longestRetryMs = 15_000;

/** Follows the events until the signal aborts. */
export async function followEvents(options: LiveEventsOptions): Promise<void> {
  const { signal } = options;
  const stale = new StaleGatherer(options.onStale);
  let failures = 0;
  while (!signal.aborted) {
    const attempt = new AbortController();
    const stop = (): void => attempt.abort();
    signal.addEventListener('abort', stop);
    let silence = setTimeout(stop, silenceMs);
    const alive = (): void => {
      clearTimeout(silence);
      silence = setTimeout(stop, silenceMs);
    };
    try {
      const response = await options.api.streamEvents({}, attempt.signal);
      options.onConnection('live');
      // Whatever happened while nobody listened is not told again.
      if (failures > 0) stale.add('all');
      failures = 0;
      await readEvents(response, ({ data }) => take(data, options, stale), alive);
    } catch (error) {
      if (isSignedOut(error)) return options.onSignedOut();
    } finally {
      clearTimeout(silence);
      signal.removeEventListener('abort', stop);
    }
    if (signal.aborted) return;
    failures++;
    // One stream that ends (the edge was replaced) is no news; the second failure in a row is.
    options.onConnection(failures > 1 ? 'lost' : 'connecting');
    await retryPause(failures, signal);
  }
}

function take(data: string, options: LiveEventsOptions, stale: StaleGatherer): void {
  const parsed = liveEventSchema.safeParse(parseJson(data));
  if (!parsed.success) return;
  options.onEvent(parsed.data);
  if (parsed.data.kind === 'traffic') return;
  stale.add(staleAfter[parsed.data.kind]);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Full jitter, and at once when the browser says that the network or the page is back. */
function retryPause(failures: number, signal: AbortSignal): Promise<void> {
  const ceiling = Math.min(longestRetryMs, firstRetryMs * 2 ** Math.min(failures, 10));
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      removeEventListener('online', done);
      document.removeEventListener('visibilitychange', done);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, firstRetryMs + Math.random() * (ceiling - firstRetryMs));
    addEventListener('online', done);
    document.addEventListener('visibilitychange', done);
    signal.addEventListener('abort', done);
  });
}

class StaleGatherer {
  readonly #onStale: (ids: ReadonlySet<string> | 'all') => void;
  #ids: Set<string> | 'all' = new Set();
  #isWaiting = false;

  constructor(onStale: (ids: ReadonlySet<string> | 'all') => void) {
    this.#onStale = onStale;
  }

  add(ids: readonly string[] | 'all'): void {
    if (ids === 'all' || this.#ids === 'all') this.#ids = 'all';
    else for (const id of ids) this.#ids.add(id);
    if (this.#isWaiting) return;
    this.#isWaiting = true;
    setTimeout(() => {
      const gathered = this.#ids;
      this.#ids = new Set();
      this.#isWaiting = false;
      this.#onStale(gathered);
    }, gatherMs);
  }
}
