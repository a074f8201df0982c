// Finds the servers that answer for a name: asks resolvers for NS records, from the name upwards, and for the servers'
// addresses. The answers come from the public tree, not from what a provider says of itself.
import { isSallyportError, SallyportError } from '#base/errors.ts';
import type { DnsMessage, DnsRecord } from '#wire/dns-message.ts';
import { decodeName, lowerName, parentName } from '#wire/dns-name.ts';
import { recordTypes } from '#wire/dns-numbers.ts';
import { formatRecordData } from '#wire/dns-record-text.ts';
import { ask, type AskOptions } from './client/ask.ts';
import { formatServerAddress, type ServerAddress } from './client/server-address.ts';

/** A zone with the addresses of its servers. */
export interface ZoneServers {
  readonly zone: string;
  readonly servers: readonly ServerAddress[];
}

const maxServers = 8;

/** The first answer of a list of resolvers. @throws SallyportError 'dns-unreachable' when none answers */
export async function askResolvers(
  resolvers: readonly ServerAddress[],
  question: { readonly name: string; readonly type: number },
  options: AskOptions,
  signal: AbortSignal,
): Promise<DnsMessage> {
  let last: unknown;
  for (const resolver of resolvers) {
    try {
      return await ask(resolver, question, { ...options, wantsRecursion: true, tries: 2 }, signal);
    } catch (error) {
      if (signal.aborted || !isSallyportError(error)) throw error;
      last = error;
    }
  }
  const list = resolvers.map(formatServerAddress).join(', ') || 'none is configured';
  throw new SallyportError(
    'dns-unreachable',
    `No resolver answered (${list}); name another under dns.resolvers.`,
    { cause: last },
  );
}

/** The closest zone above a name, and its servers. @throws SallyportError 'dns-unreachable' */
export async function findZoneServers(
  name: string,
  resolvers: readonly ServerAddress[],
  options: AskOptions,
  signal: AbortSignal,
): Promise<ZoneServers> {
  const start = name.replace(/^\*\./, '');
  for (let zone: string | undefined = start; zone !== undefined && zone !== ''; zone = parentName(zone)) {
    const answer = await askResolvers(resolvers, { name: zone, type: recordTypes.NS }, options, signal);
    const owner = lowerName(zone);
    const names = answer.answers
      .filter((record) => record.type === recordTypes.NS && lowerName(record.name) === owner)
      .map(({ data }) => decodeName(data, 0).name);
    if (names.length === 0) continue;
    const found = await Promise.all(
      names.slice(0, maxServers).map((one) => addressesFrom(one, resolvers, options, signal)),
    );
    return { zone: owner, servers: found.flat().map((host) => ({ host, port: 53 })) };
  }
  throw new SallyportError(
    'dns-unreachable',
    `No zone above ${name} is known to the resolver; is its domain registered and delegated?`,
  );
}

/** The addresses in an answer to A or AAAA, at the end of its aliases. */
export function addressesIn(records: readonly DnsRecord[]): string[] {
  return records
    .filter(({ type }) => type === recordTypes.A || type === recordTypes.AAAA)
    .map(({ type, data }) => formatRecordData(type, data));
}

/** The addresses of a name as resolvers see it, both families. */
export async function addressesFrom(
  name: string,
  resolvers: readonly ServerAddress[],
  options: AskOptions,
  signal: AbortSignal,
): Promise<string[]> {
  const answers = await Promise.all(
    [recordTypes.A, recordTypes.AAAA].map((type) => askResolvers(resolvers, { name, type }, options, signal)),
  );
  return answers.flatMap(({ answers: records }) => addressesIn(records));
}
