// Zone transfers to secondaries (RFC 5936): who may have one, and its messages. A request for the changes since a serial
// (IXFR, RFC 1995) is answered with the whole zone, or with the SOA alone when nothing has changed.
import { type DnsMessage, type DnsRecord, encodeMessage, noFlags } from '#wire/dns-message.ts';
import { lowerName } from '#wire/dns-name.ts';
import { recordTypes } from '#wire/dns-numbers.ts';
import { signTsig } from '#wire/dns-tsig.ts';
import { isLaterSerial } from '#model/dns/zone-snapshot.ts';
import { formatAddress, addressBytes } from '#base/net/ip.ts';
import type { ServerAddress } from '../client/server-address.ts';
import type { TransferQuestion } from './respond.ts';
import { transferRecords } from './zone-index.ts';

/** A server that may fetch zones from us, and is told of changes. */
export interface Secondary {
  /** Where it is told; its address is also the one that it fetches from. */
  readonly server: ServerAddress;
  /** Name of the key that its requests must be signed with; undefined: its address is enough. */
  readonly keyName: string | undefined;
  /** Zones that it may fetch; none named: all. */
  readonly zones: readonly string[];
}

/** Records of a message stay below this; receivers take any size, and small ones flow more evenly. */
const targetBytes = 16_000;

/** Whether a request may be answered with the zone. */
export function mayTransfer(
  request: TransferQuestion,
  address: string,
  secondaries: readonly Secondary[],
): boolean {
  const { zone, signature } = request;
  return secondaries.some(({ server, keyName, zones }) => {
    if (zones.length > 0 && !zones.includes(zone.name)) return false;
    if (keyName !== undefined)
      return (
        signature.error === 0 &&
        signature.key !== undefined &&
        lowerName(signature.key.name) === lowerName(keyName)
      );
    return signature.error === 0 && isSameAddress(server.host, address);
  });
}

/** The messages of a transfer, in order, signed if the request was. */
export function* transferMessages(request: TransferQuestion, wallMs: () => number): Iterable<Uint8Array> {
  const { zone, signature } = request;
  let priorMac = signature.tsig?.mac;
  let isFirst = true;
  for (const answers of batches(isCurrent(request) ? [zone.soa] : wholeZone(request))) {
    const unsigned = encodeMessage(transferMessage(request, answers, isFirst));
    if (!signature.key) {
      yield unsigned;
    } else {
      const signed = signTsig(unsigned, signature.key, {
        timeSeconds: Math.floor(wallMs() / 1000),
        ...(priorMac ? { priorMac } : {}),
        ...(isFirst ? {} : { laterInRow: { unsignedBefore: [] } }),
      });
      priorMac = signed.mac;
      yield signed.bytes;
    }
    isFirst = false;
  }
}

function* wholeZone({ zone }: TransferQuestion): Iterable<DnsRecord> {
  yield* transferRecords(zone);
  yield zone.soa;
}

/** Whether an IXFR request comes from a secondary that has all there is (RFC 1995 section 2). */
function isCurrent({ query, question, zone }: TransferQuestion): boolean {
  if (question.type !== recordTypes.IXFR) return false;
  const soa = query.authorities.find(({ type }) => type === recordTypes.SOA);
  if (!soa || soa.data.length < 20) return false;
  const serial = Buffer.from(soa.data).readUInt32BE(soa.data.length - 20);
  return !isLaterSerial(zone.serial, serial);
}

function* batches(records: Iterable<DnsRecord>): Iterable<DnsRecord[]> {
  let batch: DnsRecord[] = [];
  let bytes = 0;
  for (const record of records) {
    const size = record.name.length + 12 + record.data.length;
    if (batch.length > 0 && bytes + size > targetBytes) {
      yield batch;
      batch = [];
      bytes = 0;
    }
    batch.push(record);
    bytes += size;
  }
  yield batch;
}

function transferMessage(
  { query, question }: TransferQuestion,
  answers: readonly DnsRecord[],
  isFirst: boolean,
): DnsMessage {
  return {
    ...{ ...noFlags, id: query.id, opcode: query.opcode, rcode: 0, isResponse: true, isAuthoritative: true },
    questions: isFirst ? [question] : [],
    ...{ answers, authorities: [], additionals: [] },
  };
}

function isSameAddress(a: string, b: string): boolean {
  const [left, right] = [addressBytes(a), addressBytes(b)];
  return left !== undefined && right !== undefined && formatAddress(left) === formatAddress(right);
}
