// DNS records as the rooms exchange them: all records of one name and type together, as plain data.

/** All records of one name and type. */
export interface RecordSet {
  /** Lower case, no dot at the end; escapes as in a master file. */
  readonly name: string;
  /** `A`, `TXT`, ... or `TYPE123`. */
  readonly type: string;
  readonly ttlSeconds: number;
  /** Record data as in a master file, one spelling each, sorted, without repeats. */
  readonly values: readonly string[];
}

/** A record set with its values in order and each once, so that equal sets are equal data. */
export function recordSet(
  name: string,
  type: string,
  ttlSeconds: number,
  values: readonly string[],
): RecordSet {
  return { name, type, ttlSeconds, values: [...new Set(values)].toSorted() };
}

/** Whether two sets hold the same data; their TTLs may differ. */
export function hasSameValues(a: RecordSet | undefined, b: RecordSet | undefined): boolean {
  if (!a || !b) return a === b;
  return a.values.length === b.values.length && a.values.every((value, i) => value === b.values[i]);
}

/** Whether two sets are the same, TTL included; two absent ones are. */
export function isSameSet(a: RecordSet | undefined, b: RecordSet | undefined): boolean {
  return hasSameValues(a, b) && a?.ttlSeconds === b?.ttlSeconds;
}

/** Key of a name and type in maps. */
export function setKey(name: string, type: string): string {
  return `${name} ${type}`;
}
