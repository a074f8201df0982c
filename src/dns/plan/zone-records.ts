// A zone's record sets, found by name and type.
import { type RecordSet, setKey } from '#model/dns/record-set.ts';

export class ZoneRecords {
  readonly #bySet = new Map<string, RecordSet>();
  readonly #typesOf = new Map<string, string[]>();

  constructor(records: readonly RecordSet[]) {
    for (const set of records) {
      this.#bySet.set(setKey(set.name, set.type), set);
      const types = this.#typesOf.get(set.name);
      if (types) types.push(set.type);
      else this.#typesOf.set(set.name, [set.type]);
    }
  }

  get(name: string, type: string): RecordSet | undefined {
    return this.#bySet.get(setKey(name, type));
  }

  /** Types that stand under a name. */
  typesOf(name: string): readonly string[] {
    return this.#typesOf.get(name) ?? [];
  }

  /** Sets of one type. */
  *ofType(type: string): Iterable<RecordSet> {
    for (const set of this.#bySet.values()) if (set.type === type) yield set;
  }
}
