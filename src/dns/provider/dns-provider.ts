// What every place that holds DNS records can do for us: a provider's API, a name server that takes updates, the server
// built in. One suite (testkit/dns-provider-suite.ts) judges them all.
//
// Changes name what must stand there before, so that nobody's record is overwritten unseen: a provider refuses a group
// whose record sets are others by now. A change whose `before` and `after` are equal is a condition and nothing else.
import type { RecordSet } from '#model/dns/record-set.ts';

/** A zone that a provider holds. */
export interface ProviderZone {
  /** Lower case, no dot at the end. */
  readonly name: string;
  /** The provider's own identifier. */
  readonly id: string;
  /** Servers that answer for the zone, `host` or `host:port`; the propagation check asks them. */
  readonly nameServers: readonly string[];
  /** The smallest TTL that the provider takes. */
  readonly minTtlSeconds: number;
}

/** One record set, as it must be now and as it shall be; undefined is absent. */
export interface RecordChange {
  readonly name: string;
  readonly type: string;
  readonly before: RecordSet | undefined;
  readonly after: RecordSet | undefined;
}

/** Changes that belong together: one hostname's. A provider that can does them all or none. */
export interface ChangeGroup {
  /** Unique among the groups of a call. */
  readonly id: string;
  /** In the order in which a provider without transactions does them. */
  readonly changes: readonly RecordChange[];
}

/** What became of a group. */
export type ChangeOutcome =
  | { readonly state: 'applied' }
  /** Something else stands there by now; nothing was changed, or nothing more. */
  | { readonly state: 'conflict'; readonly detail: string }
  /** `isTransient`: the same may work later. */
  | { readonly state: 'failed'; readonly detail: string; readonly isTransient: boolean };

/** Told of each group once, as soon as it is decided. */
export type OutcomeReport = (groupId: string, outcome: ChangeOutcome) => void;

/** A place that holds zones. Methods throw SallyportError 'dns-unreachable', 'dns-refused' or 'dns-limited'. */
export interface DnsProvider {
  /** As edge.yml calls it. */
  readonly name: string;
  /** The zones that these credentials can change. */
  listZones(signal: AbortSignal): Promise<readonly ProviderZone[]>;
  /** Every record set of a zone, values in normal form; those that the provider makes by itself (DNSSEC) left out. */
  listRecords(zone: ProviderZone, signal: AbortSignal): Promise<readonly RecordSet[]>;
  /**
   * Applies groups, within the provider's limits. A group that stands already is 'applied', so a run that was cut short
   * may be repeated. Throws only if nothing at all can be done; groups reported until then are done.
   */
  apply(
    zone: ProviderZone,
    groups: readonly ChangeGroup[],
    report: OutcomeReport,
    signal: AbortSignal,
  ): Promise<void>;
  /** Whether the zone's own servers answer with this set (for an absent one: without). */
  isPublished(
    zone: ProviderZone,
    change: Pick<RecordChange, 'name' | 'type' | 'after'>,
    signal: AbortSignal,
  ): Promise<boolean>;
}
