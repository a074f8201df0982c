// UPDATE messages (RFC 2136): groups of changes as prerequisites and updates, all of them or none.
//
//   zone section      | the zone, type SOA
//   prerequisites     | absent set: class NONE; set with exactly these records: class IN, TTL 0
//   updates           | whole set goes: class ANY, TTL 0; then each record comes: class IN
import type { RecordSet } from '#model/dns/record-set.ts';
import { isSameSet } from '#model/dns/record-set.ts';
import { type DnsMessage, type DnsRecord, noFlags } from '#wire/dns-message.ts';
import { opcodes, recordClasses, recordTypes, typeNumber } from '#wire/dns-numbers.ts';
import { parseRecordData } from '#wire/dns-record-text.ts';
import type { ChangeGroup } from './dns-provider.ts';

/** An UPDATE for some groups of one zone. @throws SallyportError 'protocol-violation' for data that is none */
export function updateMessage(id: number, zone: string, groups: readonly ChangeGroup[]): DnsMessage {
  const changes = groups.flatMap((group) => group.changes);
  const written = changes.filter(({ before, after }) => !isSameSet(before, after));
  return {
    ...{ ...noFlags, id, opcode: opcodes.UPDATE, rcode: 0 },
    questions: [{ name: zone, type: recordTypes.SOA, class: recordClasses.IN }],
    answers: changes.flatMap(({ name, type, before }) =>
      before ? recordsOf(before, 0) : [withoutData(name, type, recordClasses.NONE)],
    ),
    authorities: [
      // All that goes first: a CNAME must be gone before an address may come in its place.
      ...written
        .filter(({ before }) => before !== undefined)
        .map(({ name, type }) => withoutData(name, type, recordClasses.ANY)),
      ...written.flatMap(({ after }) => (after ? recordsOf(after, after.ttlSeconds) : [])),
    ],
    additionals: [],
  };
}

/** About the bytes a group takes in a message, for making messages of a sensible size. */
export function updateBytes({ changes }: ChangeGroup): number {
  const setBytes = (set: RecordSet | undefined): number =>
    set?.values.reduce((sum, value) => sum + set.name.length + 12 + value.length, 0) ?? 0;
  return changes.reduce(
    (sum, { name, before, after }) => sum + 2 * name.length + setBytes(before) + setBytes(after),
    0,
  );
}

function recordsOf(set: RecordSet, ttlSeconds: number): DnsRecord[] {
  const type = typeNumber(set.type)!;
  return set.values.map((value) => ({
    ...{ name: set.name, type, class: recordClasses.IN, ttlSeconds },
    data: parseRecordData(type, value),
  }));
}

function withoutData(name: string, type: string, recordClass: number): DnsRecord {
  return { name, type: typeNumber(type)!, class: recordClass, ttlSeconds: 0, data: new Uint8Array(0) };
}
