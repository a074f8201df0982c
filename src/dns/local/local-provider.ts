// The built-in name server's zones behind the interface of all providers: plan, apply, markers, DNS-01 and external-dns
// work on them as on any other. What is applied is answered from the next query on.
import { hasSameValues, isSameSet, type RecordSet } from '#model/dns/record-set.ts';
import { isWithin } from '#wire/dns-name.ts';
import type {
  ChangeGroup,
  ChangeOutcome,
  DnsProvider,
  OutcomeReport,
  ProviderZone,
  RecordChange,
} from '../provider/dns-provider.ts';
import type { LocalZones } from './local-zones.ts';

/** What the provider of the built-in server is called, in plans and states. */
export const localProviderName = 'builtin';

/** The built-in server as a provider. */
export class LocalProvider implements DnsProvider {
  readonly name = localProviderName;
  readonly #zones: LocalZones;
  readonly #nameServers: readonly string[];

  /** `nameServers`: where the server itself listens. */
  constructor(zones: LocalZones, nameServers: readonly string[]) {
    this.#zones = zones;
    this.#nameServers = nameServers;
  }

  async listZones(): Promise<readonly ProviderZone[]> {
    return this.#zones.names().map((name) => ({
      ...{ name, id: name, nameServers: this.#nameServers, minTtlSeconds: 0 },
    }));
  }

  async listRecords(zone: ProviderZone): Promise<readonly RecordSet[]> {
    return this.#zones.records(zone.name);
  }

  async apply(
    zone: ProviderZone,
    groups: readonly ChangeGroup[],
    report: OutcomeReport,
    signal: AbortSignal,
  ): Promise<void> {
    const outcomes: [string, ChangeOutcome][] = [];
    for (const { id, changes } of groups) outcomes.push([id, this.#applyGroup(zone.name, changes)]);
    // One snapshot and one write to disk, however many groups there are.
    if (outcomes.some(([, { state }]) => state === 'applied')) this.#zones.commit(zone.name);
    for (const [id, outcome] of outcomes) {
      report(id, outcome);
      signal.throwIfAborted();
    }
  }

  async isPublished(
    zone: ProviderZone,
    { name, type, after }: Pick<RecordChange, 'name' | 'type' | 'after'>,
  ): Promise<boolean> {
    return hasSameValues(this.#zones.get(zone.name, name, type), after);
  }

  #applyGroup(zone: string, changes: readonly RecordChange[]): ChangeOutcome {
    const stands = ({ name, type }: RecordChange): RecordSet | undefined => this.#zones.get(zone, name, type);
    if (changes.every((change) => isSameSet(stands(change), change.after))) return { state: 'applied' };
    const wrong = changes.find((change) => !isSameSet(stands(change), change.before));
    if (wrong) {
      const found = stands(wrong)?.values.join(', ') ?? 'not there';
      return { state: 'conflict', detail: `${wrong.name} ${wrong.type} is ${found}` };
    }
    const written = changes.filter(({ before, after }) => !isSameSet(before, after));
    const fixed = written.find(({ name, type }) => this.#zones.isFixed(zone, name, type));
    if (fixed) return { state: 'conflict', detail: `${fixed.name} ${fixed.type} is set in edge.yml` };
    const outside = written.find(({ name }) => !isWithin(name, zone));
    if (outside) return { state: 'failed', detail: `${outside.name} is not in ${zone}`, isTransient: false };
    this.#zones.write(zone, written);
    return { state: 'applied' };
  }
}
