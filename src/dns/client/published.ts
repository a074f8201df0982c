// Whether a zone's own servers answer with a record set: each of them is asked, and all must agree.
import type { RecordSet } from '#model/dns/record-set.ts';
import { hasSameValues, recordSet } from '#model/dns/record-set.ts';
import { isSallyportError } from '#base/errors.ts';
import type { DnsMessage } from '#wire/dns-message.ts';
import { lowerName } from '#wire/dns-name.ts';
import { rcodes, recordClasses, typeName, typeNumber } from '#wire/dns-numbers.ts';
import { formatRecordData } from '#wire/dns-record-text.ts';
import { ask, type AskOptions } from './ask.ts';
import { parseServerAddress, resolveServer, type ServerAddress } from './server-address.ts';

/** Of a zone's servers, at most this many are asked, and at most this many addresses of each. */
const maxServers = 8;
const maxAddressesEach = 2;

/** The addresses of a zone's servers; those whose name has none are left out. */
export async function addressesOf(nameServers: readonly string[]): Promise<ServerAddress[]> {
  const parsed = nameServers.slice(0, maxServers).flatMap((text) => parseServerAddress(text) ?? []);
  const found = await Promise.all(
    parsed.map((server) => resolveServer(server, maxAddressesEach).catch(() => [])),
  );
  return found.flat();
}

/** The set of a name and type in an answer; undefined when there is none (no such name, or none of this type). */
export function answeredSet(answer: DnsMessage, name: string, type: string): RecordSet | undefined {
  const number = typeNumber(type);
  const records = answer.answers.filter(
    (record) =>
      record.type === number &&
      record.class === recordClasses.IN &&
      lowerName(record.name) === lowerName(name),
  );
  if (records.length === 0) return undefined;
  const values = records.map(({ data }) => formatRecordData(records[0]!.type, data));
  return recordSet(lowerName(name), typeName(records[0]!.type), records[0]!.ttlSeconds, values);
}

/** Whether an answer settles the question: the name is there, or is known not to be. */
export function isConclusive({ rcode }: DnsMessage): boolean {
  return rcode === rcodes.NOERROR || rcode === rcodes.NXDOMAIN;
}

/** Whether every server answers the wanted set (TTL aside). Silence and refusals mean no. */
export async function isPublishedAt(
  servers: readonly ServerAddress[],
  wanted: { readonly name: string; readonly type: string; readonly after: RecordSet | undefined },
  options: AskOptions,
  signal: AbortSignal,
): Promise<boolean> {
  if (servers.length === 0) return false;
  const question = { name: wanted.name, type: typeNumber(wanted.type)! };
  const agree = servers.map(async (server) => {
    try {
      const answer = await ask(server, question, options, signal);
      return (
        isConclusive(answer) && hasSameValues(answeredSet(answer, wanted.name, wanted.type), wanted.after)
      );
    } catch (error) {
      if (signal.aborted || !isSallyportError(error)) throw error;
      return false;
    }
  });
  return (await Promise.all(agree)).every(Boolean);
}
