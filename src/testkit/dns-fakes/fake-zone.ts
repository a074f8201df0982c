// A zone at a fake provider: record sets, or single records that make them up, and what its name servers answer, which
// follows a moment after.
import type { Clock } from '#base/clock.ts';
import { hasSameValues, recordSet, type RecordSet, setKey } from '#model/dns/record-set.ts';

/** One record; its id never changes. */
export interface FakeRecord {
  readonly id: number;
  readonly name: string;
  readonly type: string;
  readonly value: string;
  ttl: number;
  proxied?: boolean;
}

export class FakeZone {
  readonly name: string;
  readonly #clock: Clock;
  readonly #lagMs: number;
  records: FakeRecord[] = [];
  #nextId = 1000;
  #published: FakeRecord[] = [];

  constructor(name: string, clock: Clock, lagMs: number) {
    this.name = name;
    this.#clock = clock;
    this.#lagMs = lagMs;
  }

  add(name: string, type: string, value: string, ttl: number): FakeRecord {
    const record = { id: this.#nextId++, name, type, value, ttl };
    this.records.push(record);
    this.changed();
    return record;
  }

  remove(record: FakeRecord): void {
    this.records = this.records.filter(({ id }) => id !== record.id);
    this.changed();
  }

  /** Replaces the set of a name and type. */
  put(
    name: string,
    type: string,
    set: { readonly ttl: number; readonly values: readonly string[] } | undefined,
  ): void {
    this.records = this.records.filter((record) => record.name !== name || record.type !== type);
    for (const value of set?.values ?? []) this.add(name, type, value, set!.ttl);
    this.changed();
  }

  of(name: string, type?: string): FakeRecord[] {
    return this.records.filter(
      (record) => record.name === name && (type === undefined || record.type === type),
    );
  }

  sets(): RecordSet[] {
    const byKey = Map.groupBy(this.records, ({ name, type }) => setKey(name, type));
    return [...byKey.values()].map((list) =>
      recordSet(
        list[0]!.name,
        list[0]!.type,
        list[0]!.ttl,
        list.map(({ value }) => value),
      ),
    );
  }

  /** Why these may not stand beside each other, '' if they may: a CNAME tolerates nothing, and one of it is enough. */
  clash(): string {
    for (const [name, list] of Map.groupBy(this.records, (record) => record.name)) {
      if (list.some(({ type }) => type === 'CNAME') && list.length > 1) return name;
    }
    return '';
  }

  /** Name servers learn of a change after a while. */
  changed(): void {
    const records = [...this.records];
    this.#clock.after(this.#lagMs, () => (this.#published = records));
  }

  isPublished(name: string, type: string, after: RecordSet | undefined): boolean {
    const values = this.#published
      .filter((one) => one.name === name && one.type === type)
      .map(({ value }) => value);
    const stands = values.length > 0 ? recordSet(name, type, 0, values) : undefined;
    return hasSameValues(stands, after);
  }
}
