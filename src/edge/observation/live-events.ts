// Tells whoever listens (the API's event stream) what happens at the edge, as it happens: connectors that come and go,
// rules, and once a second the traffic of the last one. Without a listener it costs nothing.
import type { Log } from '#base/log.ts';
import { errorText } from '#base/errors.ts';
import type { LiveEvent, TrafficCount } from '#model/live/live.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import { emptyCount, type Traffic } from './traffic.ts';

export interface LiveEventsOptions {
  readonly wallMs: () => number;
  readonly log: Log;
  readonly traffic: Traffic;
}

export type LiveListener = (event: LiveEvent) => void;

export class LiveEvents {
  readonly #options: LiveEventsOptions;
  readonly #listeners = new Set<LiveListener>();
  /** Counts at the last tick, while somebody listens. */
  #before: { readonly total: TrafficCount; readonly tunnels: ReadonlyMap<string, TrafficCount> } | undefined;

  constructor(options: LiveEventsOptions) {
    this.#options = options;
  }

  /** Calls `listener` with every event until the returned function is called; it must not block. */
  listen(listener: LiveListener): () => void {
    // One function may listen twice, and must be able to leave once.
    const own: LiveListener = (event) => listener(event);
    if (this.#listeners.size === 0) this.#before = this.#counts();
    this.#listeners.add(own);
    return () => {
      this.#listeners.delete(own);
      if (this.#listeners.size === 0) this.#before = undefined;
    };
  }

  emit(event: LiveEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#options.log.error('A listener of live events failed', { error: errorText(error) });
      }
    }
  }

  /** Once a second: the traffic since the last time. */
  tick(): void {
    if (!this.#before) return;
    const before = this.#before;
    const now = this.#counts();
    this.#before = now;
    const tunnels: Record<string, TrafficCount> = {};
    for (const [id, count] of now.tunnels) {
      const difference = minus(count, before.tunnels.get(id));
      if (!isEmpty(difference) && !isLocalTunnelId(id)) tunnels[id] = difference;
    }
    this.emit({
      kind: 'traffic',
      atMs: this.#options.wallMs(),
      total: minus(now.total, before.total),
      tunnels,
    });
  }

  #counts(): { total: TrafficCount; tunnels: Map<string, TrafficCount> } {
    const { traffic } = this.#options;
    return { total: { ...traffic.total }, tunnels: traffic.tunnelCounts() };
  }
}

/** A tunnel that was forgotten and has come back counts from zero. */
function minus(now: TrafficCount, before: TrafficCount = emptyCount()): TrafficCount {
  if (now.requests < before.requests || now.bytesOut < before.bytesOut) return { ...now };
  return {
    requests: now.requests - before.requests,
    errors: now.errors - before.errors,
    bytesIn: now.bytesIn - before.bytesIn,
    bytesOut: now.bytesOut - before.bytesOut,
  };
}

function isEmpty({ requests, bytesIn, bytesOut }: TrafficCount): boolean {
  return requests === 0 && bytesIn === 0 && bytesOut === 0;
}
