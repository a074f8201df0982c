// external-dns' webhook provider protocol, as the server: a cluster's external-dns makes its records in our zones, whichever
// provider holds them. It keeps its own ownership texts; ours are kept from it, and so are hostnames that carry them.
//
//   GET /                  which domains may be changed (`include`; its own API page says `filters`, which is not read)
//   GET /records           every record of those zones that it can know
//   POST /adjustendpoints  records as they will come out, so that it does not see a difference for ever
//   POST /records          changes; 204 when all are done. Only 5xx is tried again by it, so whatever may pass is a 500
import { errorText } from '#base/errors.ts';
import { isWithin } from '#wire/dns-name.ts';
import { isSameSet, type RecordSet, setKey } from '#model/dns/record-set.ts';
import type { ManagedProvider } from '../plan/survey.ts';
import { looksLikeMarker, markerName, markersIn } from '../plan/ownership-marker.ts';
import { longestZone } from '../plan/zone-match.ts';
import type { ChangeGroup, ChangeOutcome, DnsProvider, ProviderZone } from '../provider/dns-provider.ts';
import { type Endpoint, endpointOf, type ExternalChanges, externalTypes, setOf } from './endpoint.ts';

/** A zone that external-dns may change, with its records now. */
interface OpenZone {
  readonly name: string;
  readonly provider: DnsProvider;
  readonly zone: ProviderZone;
  readonly records: ReadonlyMap<string, RecordSet>;
}

export interface ExternalDnsOptions {
  /** Asked each time, as they may be replaced. */
  readonly providers: () => readonly ManagedProvider[];
  /** Zones that it may change; at least one. */
  readonly zones: readonly string[];
}

/** What became of a run of changes. */
export interface ExternalResult {
  /** Sentences about what could not be done; none: all is done. */
  readonly faults: readonly string[];
}

/** The protocol's methods, without HTTP. */
export class ExternalDns {
  readonly #options: ExternalDnsOptions;

  constructor(options: ExternalDnsOptions) {
    this.#options = options;
  }

  /** The negotiated filter. */
  filter(): object {
    return { include: this.#options.zones };
  }

  async records(signal: AbortSignal): Promise<object[]> {
    const zones = await this.#open(signal);
    return zones.flatMap(({ records }) =>
      [...records.values()]
        .filter((set) => externalTypes.includes(set.type) && !isOurs(set.name, records) && isReadable(set))
        .map(endpointOf),
    );
  }

  /** TTLs and spellings as they will be listed later; what cannot be taken is left out. */
  async adjust(endpoints: readonly Endpoint[], signal: AbortSignal): Promise<object[]> {
    const zones = await this.#zones(signal);
    return endpoints.flatMap((endpoint) => {
      const zone = longestZone(zones, endpoint.dnsName.replace(/\.$/, ''));
      const set = setOf(endpoint, zone?.zone.minTtlSeconds ?? 0);
      return typeof set === 'string' ? [] : [{ ...endpoint, ...endpointOf(set) }];
    });
  }

  /** Carries changes out. A set is changed only if it stands as external-dns believes, TTL aside. */
  async apply(changes: ExternalChanges, signal: AbortSignal): Promise<ExternalResult> {
    const zones = await this.#open(signal);
    const faults: string[] = [];
    const groups = new Map<OpenZone, ChangeGroup[]>();
    const add = (before: Endpoint | undefined, after: Endpoint | undefined): void => {
      const { dnsName, recordType } = (after ?? before)!;
      const title = `${dnsName} ${recordType}`;
      const zone = longestZone(zones, dnsName.replace(/\.$/, ''));
      if (!zone) {
        faults.push(`${title} is outside of the zones ${this.#options.zones.join(', ')}`);
        return;
      }
      const group = groupFor(zone, title, before, after);
      if (typeof group === 'string') faults.push(`${title}: ${group}`);
      else if (group) groups.set(zone, [...(groups.get(zone) ?? []), group]);
    };
    for (const endpoint of changes.delete) add(endpoint, undefined);
    for (const [i, endpoint] of changes.updateNew.entries()) add(changes.updateOld[i], endpoint);
    for (const endpoint of changes.create) add(undefined, endpoint);
    for (const [{ provider, zone }, list] of groups)
      faults.push(...(await carryOut(provider, zone, list, signal)));
    return { faults };
  }

  async #open(signal: AbortSignal): Promise<OpenZone[]> {
    const zones = await this.#zones(signal);
    return Promise.all(
      zones.map(async ({ name, provider, zone }) => {
        const sets = await provider.listRecords(zone, signal);
        return {
          name,
          provider,
          zone,
          records: new Map(sets.map((set) => [setKey(set.name, set.type), set])),
        };
      }),
    );
  }

  async #zones(signal: AbortSignal): Promise<Omit<OpenZone, 'records'>[]> {
    const lists = await Promise.all(
      this.#options.providers().map(async ({ provider, zones }) => {
        const listed = await provider.listZones(signal);
        return listed
          .filter(
            ({ name }) => (zones.length === 0 || zones.includes(name)) && this.#options.zones.includes(name),
          )
          .map((zone) => ({ name: zone.name, provider, zone }));
      }),
    );
    return lists.flat();
  }
}

/** The change of one set; undefined when it stands already; a sentence when it may not be. */
function groupFor(
  { name: zoneName, zone, records }: OpenZone,
  id: string,
  old: Endpoint | undefined,
  wanted: Endpoint | undefined,
): ChangeGroup | string | undefined {
  const after = wanted && setOf(wanted, zone.minTtlSeconds);
  const believed = old && setOf(old, zone.minTtlSeconds);
  if (typeof after === 'string') return after;
  if (typeof believed === 'string') return believed;
  const { name, type } = (after ?? believed)!;
  if (!isWithin(name, zoneName)) return `it is not in ${zoneName}`;
  if (isOurs(name, records)) return 'a route of this edge has that name; take the route away first';
  const before = records.get(setKey(name, type));
  if (isSameSet(before, after)) return undefined;
  if (before && believed && !hasSame(before, believed)) return `it is ${before.values.join(', ')} now`;
  if (before && !believed) return `it is there already, as ${before.values.join(', ')}`;
  return { id, changes: [{ name, type, before, after }] };
}

/** Whether a name is a marker of ours, or carries one. */
function isOurs(name: string, records: ReadonlyMap<string, RecordSet>): boolean {
  return looksLikeMarker(name) || markersIn(records.get(setKey(markerName(name), 'TXT'))).length > 0;
}

function hasSame(a: RecordSet, b: RecordSet): boolean {
  return isSameSet({ ...a, ttlSeconds: 0 }, { ...b, ttlSeconds: 0 });
}

/** What a provider shows but cannot be a plain record, such as an alias of its own. */
function isReadable(set: RecordSet): boolean {
  const { dnsName, recordType, targets } = endpointOf(set) as Endpoint;
  return typeof setOf({ dnsName, recordType, targets }, 0) !== 'string';
}

async function carryOut(
  provider: DnsProvider,
  zone: ProviderZone,
  groups: readonly ChangeGroup[],
  signal: AbortSignal,
): Promise<string[]> {
  const faults: string[] = [];
  const waiting = new Set(groups.map(({ id }) => id));
  const report = (id: string, outcome: ChangeOutcome): void => {
    waiting.delete(id);
    if (outcome.state !== 'applied') faults.push(`${id}: ${outcome.detail}`);
  };
  try {
    await provider.apply(zone, groups, report, signal);
  } catch (error) {
    if (signal.aborted) throw error;
    for (const id of waiting) faults.push(`${id}: ${errorText(error)}`);
  }
  return faults;
}
