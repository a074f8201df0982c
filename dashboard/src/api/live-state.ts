// What the live events leave behind for the screen: whether the edge is there, and the last second's traffic by tunnel.
// A small store outside of React, so that a second's traffic redraws only what shows it.
import { createContext, use, useSyncExternalStore } from 'react';
import type { TrafficCount } from '#model/live/live.ts';
import type { Connection } from './live-events.ts';

/** Traffic of the last whole second. */
export interface LiveTraffic {
  readonly atMs: number;
  readonly total: TrafficCount;
  readonly tunnels: Readonly<Record<string, TrafficCount>>;
}

const noTraffic: LiveTraffic = {
  atMs: 0,
  total: { requests: 0, errors: 0, bytesIn: 0, bytesOut: 0 },
  tunnels: {},
};

/** Holds one page's live state. */
export class LiveState {
  readonly #listeners = new Set<() => void>();
  #connection: Connection = 'connecting';
  #lostSinceMs: number | undefined;
  #traffic = noTraffic;
  readonly #left = new AbortController();

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly connection = (): Connection => this.#connection;
  /** When the edge was last heard, while it is lost. */
  readonly lostSinceMs = (): number | undefined => this.#lostSinceMs;
  readonly traffic = (): LiveTraffic => this.#traffic;

  /** Aborts when somebody signs out: the events end before the right to hear them does. */
  get left(): AbortSignal {
    return this.#left.signal;
  }

  leave(): void {
    this.#left.abort();
  }

  setConnection(connection: Connection, nowMs: number): void {
    if (connection === 'live') this.#lostSinceMs = undefined;
    else this.#lostSinceMs ??= nowMs;
    this.#connection = connection;
    this.#tell();
  }

  setTraffic(traffic: LiveTraffic): void {
    this.#traffic = traffic;
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}

export const LiveContext = createContext<LiveState | undefined>(undefined);

/** The page's live state. */
export function useLive(): LiveState {
  const live = use(LiveContext);
  if (live === undefined) throw new Error('live state is used outside of LiveContext');
  return live;
}

/** Whether the page hears from the edge, and since when it does not. */
export function useConnection(): { connection: Connection; lostSinceMs: number | undefined } {
  const live = useLive();
  const connection = useSyncExternalStore(live.subscribe, live.connection);
  return { connection, lostSinceMs: live.lostSinceMs() };
}

/** The last second's traffic. */
export function useLiveTraffic(): LiveTraffic {
  const live = useLive();
  return useSyncExternalStore(live.subscribe, live.traffic);
}
