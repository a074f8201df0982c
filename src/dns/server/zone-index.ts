// A zone made ready to be answered from: record data as bytes, found by name and type; names without records of their own
// that lie above others (empty non-terminals, RFC 8020) exist too.
import type { ZoneSnapshot } from '#model/dns/zone-snapshot.ts';
import type { RecordSet } from '#model/dns/record-set.ts';
import type { DnsRecord } from '#wire/dns-message.ts';
import { compareNames, isWithin, lowerName, parentName } from '#wire/dns-name.ts';
import { recordClasses, recordTypes, typeNumber } from '#wire/dns-numbers.ts';
import { parseRecordData } from '#wire/dns-record-text.ts';

/** Record sets of one name, by type number. */
export type ZoneNode = ReadonlyMap<number, readonly DnsRecord[]>;

/** A zone, indexed. */
export interface ZoneIndex {
  readonly name: string;
  readonly serial: number;
  readonly soa: DnsRecord;
  /** The SOA as it goes with "no such name": its TTL is how long that may be kept (RFC 2308 section 3). */
  readonly negativeSoa: DnsRecord;
  /** By lower-case name; empty for a name that only lies above others. */
  readonly nodes: ReadonlyMap<string, ZoneNode>;
  /** Whether some name below the top is delegated. */
  readonly hasCuts: boolean;
}

/** Indexes a snapshot. @throws SallyportError 'protocol-violation' for a record that is none */
export function indexZone(snapshot: ZoneSnapshot): ZoneIndex {
  const name = lowerName(snapshot.name);
  const soa = soaRecord(snapshot);
  const nodes = new Map<string, Map<number, DnsRecord[]>>([[name, new Map([[soa.type, [soa]]])]]);
  let hasCuts = false;
  for (const set of snapshot.records) {
    const owner = lowerName(set.name);
    const type = typeNumber(set.type);
    if (type === undefined || type === recordTypes.SOA || !isWithin(owner, name)) continue;
    if (type === recordTypes.NS && owner !== name) hasCuts = true;
    nodeAt(nodes, owner).set(type, recordsOf(set, owner, type));
    for (let up = parentName(owner); up !== undefined && isWithin(up, name); up = parentName(up))
      nodeAt(nodes, up);
  }
  const negativeTtl = Math.min(soa.ttlSeconds, snapshot.authority.negativeTtlSeconds);
  return {
    name,
    serial: snapshot.serial,
    soa,
    negativeSoa: { ...soa, ttlSeconds: negativeTtl },
    nodes,
    hasCuts,
  };
}

/** Every record in the order of a transfer: SOA first (the one at the end is the sender's), then by name. */
export function* transferRecords(zone: ZoneIndex): Iterable<DnsRecord> {
  yield zone.soa;
  for (const name of [...zone.nodes.keys()].toSorted(compareNames)) {
    for (const records of zone.nodes.get(name)!.values()) {
      for (const record of records) if (record.type !== recordTypes.SOA) yield record;
    }
  }
}

/** How long the SOA itself may be kept; what a resolver needs it for is short-lived. */
const soaTtlSeconds = 300;

function soaRecord({ name, serial, authority }: ZoneSnapshot): DnsRecord {
  const { primary, mailbox, refreshSeconds, retrySeconds, expireSeconds, negativeTtlSeconds } = authority;
  const numbers = [serial, refreshSeconds, retrySeconds, expireSeconds, negativeTtlSeconds].join(' ');
  return {
    ...{ name: lowerName(name), type: recordTypes.SOA, class: recordClasses.IN, ttlSeconds: soaTtlSeconds },
    data: parseRecordData(recordTypes.SOA, `${primary}. ${mailbox}. ${numbers}`),
  };
}

function nodeAt(nodes: Map<string, Map<number, DnsRecord[]>>, name: string): Map<number, DnsRecord[]> {
  let node = nodes.get(name);
  if (!node) nodes.set(name, (node = new Map()));
  return node;
}

function recordsOf(set: RecordSet, name: string, type: number): DnsRecord[] {
  return set.values.map((value) => ({
    ...{ name, type, class: recordClasses.IN, ttlSeconds: set.ttlSeconds },
    data: parseRecordData(type, value),
  }));
}
