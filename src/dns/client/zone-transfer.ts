// Fetching a whole zone by AXFR (RFC 5936): one request over TCP, any number of messages back, from SOA to SOA.
import { SallyportError } from '#base/errors.ts';
import { decodeMessage, type DnsMessage, type DnsRecord, noFlags } from '#wire/dns-message.ts';
import { lowerName } from '#wire/dns-name.ts';
import { opcodes, rcodeName, recordClasses, recordTypes } from '#wire/dns-numbers.ts';
import { checkTsig, splitTsig, type TsigKey } from '#wire/dns-tsig.ts';
import { type AskOptions, prepareRequest, readAnswer, type SentRequest } from './ask.ts';
import { formatServerAddress } from './server-address.ts';
import type { ServerAddress } from './server-address.ts';
import { TcpConnection } from './tcp-connection.ts';

/** What a zone may hold; a larger one is refused rather than kept in memory. */
const maxRecords = 200_000;
const messageTimeoutMs = 10_000;

/**
 * Every record of a zone, the SOA once and first.
 * @throws SallyportError 'dns-unreachable', or 'dns-refused' when the server gives this zone to nobody like us
 */
export async function fetchZone(
  server: ServerAddress,
  zone: string,
  options: AskOptions,
  signal: AbortSignal,
): Promise<DnsRecord[]> {
  const { clock, random } = options;
  const connection = await TcpConnection.open({ server, clock, timeoutMs: messageTimeoutMs }, signal);
  try {
    const request = prepareRequest(
      {
        ...{ ...noFlags, id: random.bytes(2).readUInt16BE(), opcode: opcodes.QUERY, rcode: 0 },
        questions: [{ name: zone, type: recordTypes.AXFR, class: recordClasses.IN }],
        ...{ answers: [], authorities: [], additionals: [] },
      },
      options,
    );
    connection.send(request.bytes);
    return await receiveAll({ connection, request, server, zone, options }, signal);
  } catch (error) {
    if (!(error instanceof SallyportError) || error.code !== 'protocol-violation') throw error;
    throw broken(server, zone, error.message);
  } finally {
    connection.close();
  }
}

interface Transfer {
  readonly connection: TcpConnection;
  readonly request: SentRequest;
  readonly server: ServerAddress;
  readonly zone: string;
  readonly options: AskOptions;
}

async function receiveAll(transfer: Transfer, signal: AbortSignal): Promise<DnsRecord[]> {
  const { connection, request, server, zone, options } = transfer;
  const records: DnsRecord[] = [];
  const row = new SignedRow(options.key, request.mac);
  for (let isFirst = true; ; isFirst = false) {
    const bytes = await connection.receive(signal);
    const answer = isFirst
      ? readAnswer(server, request, bytes, options)
      : row.read(bytes, options.clock.wallMs());
    if (isFirst) row.first(bytes);
    if (answer.rcode !== 0) throw refused(server, zone, answer.rcode);
    if (answer.id !== request.message.id) throw broken(server, zone, 'a message of another transfer');
    records.push(...answer.answers);
    if (records.length > maxRecords) throw broken(server, zone, `more than ${maxRecords} records`);
    if (records.length === 0 || !isSoaOf(records[0]!, zone))
      throw broken(server, zone, 'it does not begin with SOA');
    if (records.length > 1 && isSoaOf(records.at(-1)!, zone)) {
      if (!row.endsSigned) throw broken(server, zone, 'its last message is not signed');
      return records.slice(0, -1);
    }
  }
}

/** The signatures of the second and later messages (RFC 8945 section 5.3.1): up to 99 in between may have none. */
class SignedRow {
  readonly #key: TsigKey | undefined;
  #lastMac: Uint8Array | undefined;
  #unsigned: Uint8Array[] = [];
  endsSigned = true;

  constructor(key: TsigKey | undefined, requestMac: Uint8Array | undefined) {
    this.#key = key;
    this.#lastMac = requestMac;
  }

  /** Notes the first message, which was checked as any answer is. */
  first(bytes: Uint8Array): void {
    this.#lastMac = splitTsig(bytes).tsig?.mac;
  }

  read(bytes: Uint8Array, wallMs: number): DnsMessage {
    const { unsigned, tsig } = splitTsig(bytes);
    if (!this.#key) return decodeMessage(unsigned);
    this.endsSigned = tsig !== undefined;
    if (!tsig) {
      this.#unsigned.push(unsigned);
      if (this.#unsigned.length > 99)
        throw new SallyportError('protocol-violation', 'a hundred messages without TSIG');
      return decodeMessage(unsigned);
    }
    const context = {
      timeSeconds: Math.floor(wallMs / 1000),
      priorMac: this.#lastMac!,
      laterInRow: { unsignedBefore: this.#unsigned },
    };
    const fault = checkTsig(unsigned, tsig, this.#key, context);
    if (fault)
      throw new SallyportError('protocol-violation', `a message whose signature is wrong (${fault})`);
    this.#lastMac = tsig.mac;
    this.#unsigned = [];
    return decodeMessage(unsigned);
  }
}

function isSoaOf(record: DnsRecord, zone: string): boolean {
  return record.type === recordTypes.SOA && lowerName(record.name) === lowerName(zone);
}

function refused(server: ServerAddress, zone: string, rcode: number): SallyportError {
  return new SallyportError(
    'dns-refused',
    `The DNS server ${formatServerAddress(server)} does not hand out the zone ${zone} (${rcodeName(rcode)}); allow AXFR for our key there.`,
  );
}

function broken(server: ServerAddress, zone: string, what: string): SallyportError {
  return new SallyportError(
    'dns-unreachable',
    `The transfer of ${zone} from the DNS server ${formatServerAddress(server)} cannot be used: ${what}.`,
  );
}
