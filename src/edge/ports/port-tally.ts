// What a port lets in and what has passed: its limits, and counts for status and metrics. It lives as long as the port,
// through changes of its settings.
import { type CidrSet, cidrSet } from '#base/net/ip.ts';
import type { PortEntry } from '#model/edge-snapshot.ts';
import type { Elsewhere } from '../mates/connection-census.ts';
import type { PortLive } from '#model/live/port-live.ts';

/** Why a client was turned away. */
export type Refused = 'not-allowed' | 'too-many';

export class PortTally {
  #entry: PortEntry;
  #from: CidrSet;
  readonly #elsewhere: Elsewhere | undefined;
  readonly #perAddress = new Map<string, number>();
  readonly #refused = new Map<Refused, number>();
  #active = 0;
  connections = 0;
  failures = 0;
  bytesIn = 0;
  bytesOut = 0;
  /** Datagrams that found no room. */
  dropped = 0;
  /** Why it is not open; '' when it is. */
  trouble = 'it is being opened';

  /** `elsewhere`: clients of the same port at other workers of the edge. */
  constructor(entry: PortEntry, elsewhere?: Elsewhere) {
    this.#entry = entry;
    this.#elsewhere = elsewhere;
    this.#from = cidrSet(entry.from);
  }

  get entry(): PortEntry {
    return this.#entry;
  }

  get refused(): ReadonlyMap<Refused, number> {
    return this.#refused;
  }

  get active(): number {
    return this.#active;
  }

  /** New clients meet the new settings. */
  apply(entry: PortEntry): void {
    this.#entry = entry;
    this.#from = cidrSet(entry.from);
  }

  /** Lets a client in, or says why not. Who is in must `leave`. */
  enter(address: string): Refused | undefined {
    const { from, maxConnections, maxPerAddress } = this.#entry;
    const count = (this.#perAddress.get(address) ?? 0) + 1;
    let refused: Refused | undefined;
    if (from.length > 0 && !this.#from.has(address)) refused = 'not-allowed';
    else if (
      this.#active + (this.#elsewhere?.total ?? 0) >= maxConnections ||
      count + (this.#elsewhere?.of(address) ?? 0) > maxPerAddress
    )
      refused = 'too-many';
    if (refused) {
      this.#refused.set(refused, (this.#refused.get(refused) ?? 0) + 1);
      return refused;
    }
    this.#perAddress.set(address, count);
    this.#active += 1;
    this.connections += 1;
    this.#elsewhere?.changed(address, count, this.#active);
    return undefined;
  }

  leave(address: string): void {
    const count = (this.#perAddress.get(address) ?? 1) - 1;
    if (count > 0) this.#perAddress.set(address, count);
    else this.#perAddress.delete(address);
    this.#active -= 1;
    this.#elsewhere?.changed(address, count, this.#active);
  }

  live(): PortLive {
    const { connections, bytesIn, bytesOut, trouble } = this;
    const { name } = this.#entry;
    return { name, isOpen: trouble === '', trouble, active: this.#active, connections, bytesIn, bytesOut };
  }
}
