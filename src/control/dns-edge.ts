// What the control room asks of the edge about DNS. Zones and providers are the edge's own business: it works on with them
// while the control room is away.
import type { DnsPlan, DnsSetUp, NameView, RecordView, ZoneView } from '#model/dns/dns-view.ts';
import type { HostnameProof, ProofStage } from '#model/dns/hostname-proof.ts';

/** DNS at one moment. */
export interface DnsLook {
  /** null where edge.yml has no dns section; then the lists are empty. */
  readonly setUp: DnsSetUp | null;
  readonly zones: readonly ZoneView[];
  readonly names: readonly NameView[];
}

export interface DnsEdge {
  lookAtDns(): Promise<DnsLook>;
  /** Every record set of a zone as it was last seen; undefined when it is not managed here. */
  zoneRecords(
    zone: string,
  ): Promise<{ readonly records: RecordView[]; readonly readAtMs: number | null } | undefined>;
  /** A master file of the zone as it stands now; undefined when it is not managed here. */
  exportZone(zone: string): Promise<string | undefined>;
  /** What would be done now. */
  planDns(): Promise<DnsPlan>;
  /** Does it now, and says what became of each step. */
  applyDns(): Promise<DnsPlan>;
  /** Looks at one stage of a hostname's way, once. */
  proveHostname(request: { readonly hostname: string; readonly stage: ProofStage }): Promise<HostnameProof>;
}
