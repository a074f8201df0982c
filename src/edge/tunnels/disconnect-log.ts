// Why tunnel connections ended, the last ones of each tunnel: what an owner wants to know first when something was away.
// Connectors that were refused before they became a connection stand here, too.
import type { Disconnect } from '#model/live/live.ts';

/** Kept for each tunnel. */
export const disconnectsPerTunnel = 50;

export class DisconnectLog {
  /** By tunnel, oldest first. */
  readonly #byTunnel = new Map<string, Disconnect[]>();

  add(disconnect: Disconnect): void {
    const list = this.#byTunnel.get(disconnect.tunnelId) ?? [];
    // A connector with a wrong key tries for ever: its last attempt stands for all, so that nothing else is pushed out.
    const same =
      disconnect.connectedForMs > 0 ? -1 : list.findIndex((other) => isSameRefusal(other, disconnect));
    if (same >= 0) list.splice(same, 1);
    list.push(disconnect);
    if (list.length > disconnectsPerTunnel) list.shift();
    this.#byTunnel.set(disconnect.tunnelId, list);
  }

  /** Newest first; of one tunnel, or of all. */
  list(tunnelId?: string): Disconnect[] {
    if (tunnelId !== undefined) return (this.#byTunnel.get(tunnelId) ?? []).toReversed();
    return [...this.#byTunnel.values()].flat().toSorted((a, b) => b.atMs - a.atMs);
  }

  /** Forgets tunnels that are gone. */
  keepOnly(tunnelIds: ReadonlySet<string>): void {
    for (const id of this.#byTunnel.keys()) if (!tunnelIds.has(id)) this.#byTunnel.delete(id);
  }
}

function isSameRefusal(one: Disconnect, other: Disconnect): boolean {
  return (
    one.connectedForMs === 0 &&
    one.reason === other.reason &&
    one.instanceId === other.instanceId &&
    hostOf(one.address) === hostOf(other.address)
  );
}

/** Every attempt comes from another port. */
function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}
