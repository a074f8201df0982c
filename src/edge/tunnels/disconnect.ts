// Ending tunnel connections because the owner says so (`tunnel cleanup`). Connectors that are still there come back. A drain
// takes the connections of a connector one by one, the next when the one before has its successor, so that a connector with
// several is never without one.
import type { Clock } from '#base/clock.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';

/** Whose connections end. */
export interface DisconnectTarget {
  readonly tunnelId: string;
  /** Undefined: those of every connector of the tunnel. */
  readonly instanceId: string | undefined;
}

/** `drain`: what is under way may finish, and the connector moves before it does. `close`: now. */
export type DisconnectHow = 'drain' | 'close';

export interface DisconnectorOptions {
  readonly clock: Clock;
  /** Live connections of a tunnel, by instance. */
  readonly connectionsOf: (tunnelId: string) => ReadonlyMap<string, readonly EdgeConnection[]>;
  /** The connection takes no further request, and its idle streams end. */
  readonly leave: (connection: EdgeConnection) => void;
}

/** A connector whose connections are being drained. */
interface Draining {
  /** Those it had when that began. */
  readonly all: ReadonlySet<EdgeConnection>;
  /** Those whose turn has yet to come. */
  readonly waiting: EdgeConnection[];
}

/** What is under way on a connection that is drained may take so long. */
const drainGraceMs = 60_000;

/** A connector that makes no successor in this time will not; the next connection is drained all the same. */
export const successorPatienceMs = 10_000;

export class Disconnector {
  readonly #options: DisconnectorOptions;
  /** By instance. */
  readonly #draining = new Map<string, Draining>();

  constructor(options: DisconnectorOptions) {
    this.#options = options;
  }

  /** Ends connections; returns how many they are, though a drain takes its time. */
  end({ tunnelId, instanceId }: DisconnectTarget, how: DisconnectHow): number {
    const instances = this.#options.connectionsOf(tunnelId);
    let count = 0;
    for (const [instance, connections] of instances) {
      if (instanceId !== undefined && instance !== instanceId) continue;
      count += connections.length;
      if (how === 'drain') this.#drain(instance, connections);
      else
        for (const connection of connections) connection.close('shutdown', 'ended by the owner of the edge');
    }
    return count;
  }

  /** A connection takes requests now: it may be the successor that a drain waits for. */
  ready(connection: EdgeConnection): void {
    const draining = this.#draining.get(connection.instanceId);
    if (draining && !draining.all.has(connection)) this.#next(connection.instanceId, draining);
  }

  #drain(instanceId: string, connections: readonly EdgeConnection[]): void {
    const draining = { all: new Set(connections), waiting: [...connections] };
    this.#draining.set(instanceId, draining);
    this.#next(instanceId, draining);
  }

  #next(instanceId: string, draining: Draining): void {
    const { waiting } = draining;
    let next = waiting.shift();
    while (next?.isDraining) next = waiting.shift();
    if (!next) {
      if (this.#draining.get(instanceId) === draining) this.#draining.delete(instanceId);
      return;
    }
    void next.drain(drainGraceMs);
    this.#options.leave(next);
    const left = waiting.length;
    this.#options.clock.after(successorPatienceMs, () => {
      const isCurrent = this.#draining.get(instanceId) === draining;
      if (isCurrent && waiting.length === left) this.#next(instanceId, draining);
    });
  }
}
