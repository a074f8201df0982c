// Zones and queries for tests of the name server.
import { recordSet } from '#model/dns/record-set.ts';
import { defaultAuthorityTimes, type ZoneSnapshot } from '#model/dns/zone-snapshot.ts';
import { ednsOptions, ednsRecord } from '#wire/dns-edns.ts';
import { type DnsMessage, noFlags } from '#wire/dns-message.ts';
import { recordClasses, recordTypes } from '#wire/dns-numbers.ts';

/** A record as a line: name below the zone ('' for its top), type, value. */
export type RecordLine = readonly [name: string, type: string, value: string];

/** A zone from lines, all with one TTL. */
export function zoneFrom(name: string, lines: readonly RecordLine[], serial = 1): ZoneSnapshot {
  const bySet = Map.groupBy(lines, ([owner, type]) => `${owner} ${type}`);
  return {
    ...{ name, serial },
    authority: { primary: `ns1.${name}`, mailbox: `hostmaster.${name}`, ...defaultAuthorityTimes },
    records: [...bySet.values()].map((list) => {
      const [owner, type] = list[0]!;
      return recordSet(
        owner === '' ? name : `${owner}.${name}`,
        type,
        300,
        list.map(([, , value]) => value),
      );
    }),
  };
}

export interface QueryOptions {
  readonly id?: number;
  readonly opcode?: number;
  readonly class?: number;
  readonly wantsRecursion?: boolean;
  /** undefined: without EDNS. */
  readonly payloadBytes?: number;
  readonly version?: number;
  readonly cookie?: Uint8Array;
}

/** A query for one name and type. */
export function dnsQuery(
  name: string,
  type: keyof typeof recordTypes,
  options: QueryOptions = {},
): DnsMessage {
  const { payloadBytes, version = 0, cookie } = options;
  const ednsOptionList = cookie ? [[ednsOptions.COOKIE, cookie] as const] : [];
  const edns = payloadBytes && {
    payloadBytes,
    extendedRcode: 0,
    version,
    wantsDnssec: false,
    options: ednsOptionList,
  };
  return {
    ...{ ...noFlags, id: options.id ?? 1, opcode: options.opcode ?? 0, rcode: 0 },
    wantsRecursion: options.wantsRecursion ?? false,
    questions: [{ name, type: recordTypes[type], class: options.class ?? recordClasses.IN }],
    ...{ answers: [], authorities: [], additionals: edns ? [ednsRecord(edns)] : [] },
  };
}
