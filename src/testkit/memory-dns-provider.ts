// A DNS provider in memory, for tests of everything above providers. It keeps to the interface's rules, and misbehaves on
// demand: slow, failing, lying, or cut off in the middle of a group as a provider without transactions may be.
import { isSameSet, recordSet, type RecordSet, setKey } from '#model/dns/record-set.ts';
import type {
  ChangeGroup,
  DnsProvider,
  OutcomeReport,
  ProviderZone,
  RecordChange,
} from '#dns/provider/dns-provider.ts';

/** What the provider does instead of what it should. */
export interface Misbehaviour {
  /** Thrown by every call. */
  error?: Error;
  /** Says 'applied' and changes nothing. */
  isLying?: boolean;
  /** Groups, by id, that fail. */
  failing?: (groupId: string) => boolean;
  /** Stops after so many changes with an error. */
  changesLeft?: number;
  /** Waited for before every call. */
  gate?: () => Promise<void>;
}

export class MemoryDnsProvider implements DnsProvider {
  readonly name: string;
  readonly zones = new Map<string, Map<string, RecordSet>>();
  readonly misbehaviour: Misbehaviour = {};
  /** Calls so far, by method. */
  readonly calls: string[] = [];
  minTtlSeconds = 0;

  constructor(name: string, zones: Readonly<Record<string, readonly RecordSet[]>>) {
    this.name = name;
    for (const [zone, sets] of Object.entries(zones)) {
      this.zones.set(zone, new Map(sets.map((set) => [setKey(set.name, set.type), set])));
    }
  }

  /** Puts a set there, as somebody else would. */
  put(zone: string, set: RecordSet): void {
    this.zones.get(zone)!.set(setKey(set.name, set.type), set);
  }

  /** What stands in a zone, sorted. */
  records(zone: string): RecordSet[] {
    const sets = [...this.zones.get(zone)!];
    return sets.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, set]) => set);
  }

  async listZones(signal: AbortSignal): Promise<readonly ProviderZone[]> {
    await this.#begin('listZones', signal);
    return [...this.zones.keys()].map((name) => ({
      ...{ name, id: name, nameServers: ['192.0.2.53'], minTtlSeconds: this.minTtlSeconds },
    }));
  }

  async listRecords(zone: ProviderZone, signal: AbortSignal): Promise<readonly RecordSet[]> {
    await this.#begin('listRecords', signal);
    return this.records(zone.name);
  }

  async apply(
    zone: ProviderZone,
    groups: readonly ChangeGroup[],
    report: OutcomeReport,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#begin('apply', signal);
    const sets = this.zones.get(zone.name)!;
    for (const { id, changes } of groups) {
      if (this.misbehaviour.failing?.(id)) {
        report(id, { state: 'failed', detail: 'the provider had a bad moment', isTransient: true });
        continue;
      }
      const wrong = changes.find((one) => !this.#allows(sets, one));
      if (wrong && !changes.every((one) => isSameSet(sets.get(setKey(one.name, one.type)), one.after))) {
        report(id, { state: 'conflict', detail: `${wrong.name} ${wrong.type} is otherwise` });
        continue;
      }
      if (!this.misbehaviour.isLying) for (const one of changes) this.#write(sets, one);
      report(id, { state: 'applied' });
    }
  }

  async isPublished(
    zone: ProviderZone,
    change: Pick<RecordChange, 'name' | 'type' | 'after'>,
  ): Promise<boolean> {
    return isSameSet(this.zones.get(zone.name)!.get(setKey(change.name, change.type)), change.after);
  }

  #allows(sets: ReadonlyMap<string, RecordSet>, { name, type, before }: RecordChange): boolean {
    return isSameSet(sets.get(setKey(name, type)), before);
  }

  /** Value by value, as a provider without transactions does; new ones first. */
  #write(sets: Map<string, RecordSet>, { name, type, before, after }: RecordChange): void {
    if (isSameSet(before, after)) return;
    const key = setKey(name, type);
    const ttl = after?.ttlSeconds ?? before!.ttlSeconds;
    const values = new Set(before?.values ?? []);
    const put = (): void => {
      const { changesLeft } = this.misbehaviour;
      if (changesLeft === 0) throw new Error('cut off');
      if (changesLeft !== undefined) this.misbehaviour.changesLeft = changesLeft - 1;
      if (values.size > 0) sets.set(key, recordSet(name, type, ttl, [...values]));
      else sets.delete(key);
    };
    if (type === 'CNAME' || type === 'TXT') {
      // One value, or one text of ours among others: replaced in one.
      values.clear();
      for (const value of after?.values ?? []) values.add(value);
      return put();
    }
    const coming = (after?.values ?? []).filter((value) => !values.has(value));
    const going = [...values].filter((value) => !after?.values.includes(value));
    if (coming.length + going.length === 0) put();
    for (const value of coming) {
      values.add(value);
      put();
    }
    for (const value of going) {
      values.delete(value);
      put();
    }
  }

  async #begin(call: string, signal: AbortSignal): Promise<void> {
    this.calls.push(call);
    await this.misbehaviour.gate?.();
    signal.throwIfAborted();
    if (this.misbehaviour.error) throw this.misbehaviour.error;
  }
}
