// EDNS(0): the OPT record (RFC 6891), with its options for cookies (RFC 7873) and extended errors (RFC 8914).
//
//   owner: root | type 41 | class: UDP payload size | TTL: rcode's upper 8 bits, version, DO + 15 zero bits | options
//   option: code 16 | length 16 | data
import { malformed } from './dns-name.ts';
import type { DnsMessage, DnsRecord } from './dns-message.ts';
import { recordTypes } from './dns-numbers.ts';

/** What an OPT record says. */
export interface Edns {
  /** What the sender can take over UDP, at least 512. */
  readonly payloadBytes: number;
  readonly extendedRcode: number;
  readonly version: number;
  /** DO: send DNSSEC records. */
  readonly wantsDnssec: boolean;
  /** Code and data, in order. */
  readonly options: readonly (readonly [code: number, data: Uint8Array])[];
}

/** Option codes. */
export const ednsOptions = { COOKIE: 10, EXTENDED_ERROR: 15 } as const;

/** RFC 6891 section 6.2.3: smaller values are taken as this. */
const smallestPayload = 512;

/** What a message's OPT record says, undefined without one. @throws SallyportError 'protocol-violation' when it has two */
export function readEdns(message: DnsMessage): Edns | undefined {
  const found = message.additionals.filter(({ type }) => type === recordTypes.OPT);
  if (found.length > 1) throw malformed('two OPT records');
  const [record] = found;
  if (!record) return undefined;
  if (record.name !== '') throw malformed('an OPT record with a name');
  return {
    payloadBytes: Math.max(record.class, smallestPayload),
    extendedRcode: Math.floor(record.ttlSeconds / 2 ** 24),
    version: Math.floor(record.ttlSeconds / 2 ** 16) & 0xff,
    wantsDnssec: (record.ttlSeconds & 0x8000) !== 0,
    options: readOptions(record.data),
  };
}

/** An OPT record. */
export function ednsRecord(edns: Edns): DnsRecord {
  const data = Buffer.concat(
    edns.options.map(([code, bytes]) => {
      const head = Buffer.alloc(4);
      head.writeUInt16BE(code, 0);
      head.writeUInt16BE(bytes.length, 2);
      return Buffer.concat([head, bytes]);
    }),
  );
  return {
    name: '',
    type: recordTypes.OPT,
    class: edns.payloadBytes,
    ttlSeconds: edns.extendedRcode * 2 ** 24 + edns.version * 2 ** 16 + (edns.wantsDnssec ? 0x8000 : 0),
    data,
  };
}

/** The response code with what OPT adds to it. */
export function fullRcode(message: DnsMessage): number {
  return ((readEdns(message)?.extendedRcode ?? 0) << 4) | message.rcode;
}

function readOptions(data: Uint8Array): (readonly [number, Uint8Array])[] {
  const options: (readonly [number, Uint8Array])[] = [];
  let at = 0;
  while (at < data.length) {
    if (at + 4 > data.length) throw malformed('an EDNS option that is cut off');
    const code = (data[at]! << 8) | data[at + 1]!;
    const end = at + 4 + ((data[at + 2]! << 8) | data[at + 3]!);
    if (end > data.length) throw malformed('an EDNS option that is cut off');
    options.push([code, data.subarray(at + 4, end)]);
    at = end;
  }
  return options;
}
