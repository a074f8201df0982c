// Ending tunnel connections because the owner says so (`tunnel cleanup`). Connectors that are still there come back.
import type { EdgeConnection } from '#tunnel/connection.ts';

/** Whose connections end. */
export interface DisconnectTarget {
  readonly tunnelId: string;
  /** Undefined: those of every connector of the tunnel. */
  readonly instanceId: string | undefined;
}

/** What is under way on a connection that is drained may take so long. */
const drainGraceMs = 60_000;

/** Drains or closes them; returns how many there were. */
export function disconnect(
  connections: readonly EdgeConnection[],
  { tunnelId, instanceId }: DisconnectTarget,
  how: 'drain' | 'close',
): number {
  const found = connections.filter(
    (connection) =>
      connection.tunnelId === tunnelId && (instanceId === undefined || connection.instanceId === instanceId),
  );
  for (const connection of found) {
    if (how === 'close') connection.close('shutdown', 'ended by the owner of the edge');
    else void connection.drain(drainGraceMs);
  }
  return found.length;
}
