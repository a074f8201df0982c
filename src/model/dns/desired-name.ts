// What the names of the world shall say of this edge: which hostnames lead to it, and where it is. Plain data; it comes
// from routes (edge.yml, claims, later the control plane) and is what dns/plan works towards.
import type { nameStates } from './dns-view.ts';

/** A hostname that shall lead to this edge. */
export interface DesiredName {
  /** Canonical hostname or `*.suffix`. */
  readonly hostname: string;
  /** What it is there for; kept in the ownership marker. Today the tunnel's id. */
  readonly routeId: string;
}

/** Where this edge is reached from outside. */
export interface EdgeTarget {
  /** Its public addresses, both families, in the one spelling of base/net/ip.ts. */
  readonly addresses: readonly string[];
  /** Its own hostname, to which other names are made aliases; undefined: every name gets the addresses. */
  readonly alias: string | undefined;
}

/** How far a hostname's records are. The words of the API. */
export type NameStateWord = (typeof nameStates)[number];

/** The state of one hostname's records, with a sentence for its owner. */
export interface NameState {
  readonly hostname: string;
  /** `unmanaged`: no zone that is managed here covers it. */
  readonly state: NameStateWord;
  readonly detail: string;
  /** What its owner can do; '' when there is nothing to do. */
  readonly cure: string;
  /** The zone it belongs to, '' if none does. */
  readonly zone: string;
  /** The provider that holds the zone, '' if none does. */
  readonly provider: string;
}
