// Any name server that takes updates (RFC 2136) signed with TSIG: BIND, Knot, PowerDNS and others. Zones are those of
// edge.yml; records are listed by AXFR. Groups share a message until one of its prerequisites fails; then the message
// is halved until the group that does not fit is alone.
import { isSallyportError, SallyportError } from '#base/errors.ts';
import { hasSameValues, isSameSet, type RecordSet, recordSet, setKey } from '#model/dns/record-set.ts';
import type { DnsRecord } from '#wire/dns-message.ts';
import { lowerName } from '#wire/dns-name.ts';
import { rcodeName, rcodes, recordTypes, typeName, typeNumber } from '#wire/dns-numbers.ts';
import { formatRecordData } from '#wire/dns-record-text.ts';
import { ask, type AskOptions, prepareRequest, readAnswer } from '../client/ask.ts';
import { addressesOf, answeredSet, isConclusive, isPublishedAt } from '../client/published.ts';
import { formatServerAddress, resolveServer, type ServerAddress } from '../client/server-address.ts';
import { TcpConnection } from '../client/tcp-connection.ts';
import { fetchZone } from '../client/zone-transfer.ts';
import type {
  ChangeGroup,
  ChangeOutcome,
  DnsProvider,
  OutcomeReport,
  ProviderZone,
  RecordChange,
} from './dns-provider.ts';
import { updateBytes, updateMessage } from './update-message.ts';

export interface Rfc2136Options extends Pick<AskOptions, 'clock' | 'random' | 'key'> {
  readonly name: string;
  /** The primary, which takes the updates. */
  readonly server: ServerAddress;
  readonly zones: readonly string[];
  /** Who is asked whether a change has arrived; the primary if none are named. */
  readonly nameServers: readonly string[];
}

/** A message of this size stays far below the limit of 65,535 bytes, whatever names expand to. */
const maxUpdateBytes = 24_000;
const maxGroupsPerUpdate = 50;
/** Servers write the zone to disk before they answer. */
const updateTimeoutMs = 15_000;
const maxPrimaryAddresses = 1;

/** Types that servers make by themselves when they sign a zone. */
const madeByServer = new Set<number>([
  ...[recordTypes.RRSIG, recordTypes.NSEC, recordTypes.NSEC3, recordTypes.NSEC3PARAM, recordTypes.DNSKEY],
  ...[recordTypes.CDS, recordTypes.CDNSKEY, 65_534],
]);

/** A name server that takes signed updates. */
export class Rfc2136Provider implements DnsProvider {
  readonly name: string;
  readonly #options: Rfc2136Options;

  constructor(options: Rfc2136Options) {
    this.name = options.name;
    this.#options = options;
  }

  async listZones(signal: AbortSignal): Promise<readonly ProviderZone[]> {
    const primary = await this.#primary();
    const { server, zones, nameServers } = this.#options;
    const found: ProviderZone[] = [];
    for (const name of zones) {
      const answer = await ask(primary, { name, type: recordTypes.SOA }, this.#options, signal);
      if (answer.rcode !== rcodes.NOERROR || !answer.isAuthoritative || !answeredSet(answer, name, 'SOA'))
        continue;
      const asked = nameServers.length > 0 ? nameServers : [formatServerAddress(server)];
      found.push({ name, id: name, nameServers: asked, minTtlSeconds: 0 });
    }
    return found;
  }

  async listRecords(zone: ProviderZone, signal: AbortSignal): Promise<readonly RecordSet[]> {
    return recordSetsOf(await fetchZone(await this.#primary(), zone.name, this.#options, signal));
  }

  async apply(
    zone: ProviderZone,
    groups: readonly ChangeGroup[],
    report: OutcomeReport,
    signal: AbortSignal,
  ): Promise<void> {
    const { clock } = this.#options;
    const server = await this.#primary();
    const batches = batchesOf(groups);
    let connection: TcpConnection | undefined;
    try {
      while (batches.length > 0) {
        const batch = batches.shift()!;
        connection ??= await TcpConnection.open({ server, clock, timeoutMs: updateTimeoutMs }, signal);
        const rcode = await this.#update(connection, zone, batch, signal).catch((error: unknown) => {
          if (!isSallyportError(error, 'dns-unreachable')) throw error;
          return error;
        });
        if (typeof rcode !== 'number') {
          // The connection is lost, and perhaps only the answer: what stands there now tells.
          connection.close();
          connection = undefined;
          await this.#settle(
            server,
            batch,
            { state: 'failed', detail: rcode.message, isTransient: true },
            report,
            signal,
          );
        } else if (rcode === rcodes.NOERROR) {
          for (const { id } of batch) report(id, { state: 'applied' });
        } else if (batch.length > 1) {
          batches.unshift(...halves(batch));
        } else {
          await this.#settle(server, batch, this.#outcomeOf(rcode, zone), report, signal);
        }
      }
    } finally {
      connection?.close();
    }
  }

  async isPublished(
    zone: ProviderZone,
    change: Pick<RecordChange, 'name' | 'type' | 'after'>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { clock, random } = this.#options;
    return isPublishedAt(await addressesOf(zone.nameServers), change, { clock, random }, signal);
  }

  async #primary(): Promise<ServerAddress> {
    return (await resolveServer(this.#options.server, maxPrimaryAddresses))[0]!;
  }

  async #update(
    connection: TcpConnection,
    zone: ProviderZone,
    batch: readonly ChangeGroup[],
    signal: AbortSignal,
  ): Promise<number> {
    const message = updateMessage(this.#options.random.bytes(2).readUInt16BE(), zone.name, batch);
    const request = prepareRequest(message, this.#options);
    connection.send(request.bytes);
    const answer = await connection.receive(signal);
    return readAnswer(this.#options.server, request, answer, this.#options).rcode;
  }

  /** Groups that did not go through: those whose wanted state stands are applied after all, the rest is `otherwise`. */
  async #settle(
    server: ServerAddress,
    batch: readonly ChangeGroup[],
    otherwise: ChangeOutcome,
    report: OutcomeReport,
    signal: AbortSignal,
  ): Promise<void> {
    for (const group of batch) {
      let outcome = otherwise;
      try {
        const found = await this.#differences(server, group, signal);
        if (found.length === 0) outcome = { state: 'applied' };
        else if (otherwise.state === 'conflict') outcome = { state: 'conflict', detail: found.join('; ') };
      } catch (error) {
        if (signal.aborted || !isSallyportError(error)) throw error;
      }
      report(group.id, outcome);
    }
  }

  /** In words, where what stands there is not what a group wants. */
  async #differences(server: ServerAddress, group: ChangeGroup, signal: AbortSignal): Promise<string[]> {
    const words: string[] = [];
    for (const { name, type, after } of group.changes) {
      const answer = await ask(server, { name, type: typeNumber(type)! }, this.#options, signal);
      const stands = isConclusive(answer) ? answeredSet(answer, name, type) : undefined;
      const isThere = after === undefined ? hasSameValues(stands, after) : isSameSet(stands, after);
      if (!isThere)
        words.push(
          stands ? `${name} ${type} is ${stands.values.join(', ')} now` : `${name} ${type} is not there`,
        );
    }
    return words;
  }

  #outcomeOf(rcode: number, zone: ProviderZone): ChangeOutcome {
    const { server, key } = this.#options;
    if (isPrerequisite(rcode))
      return { state: 'conflict', detail: `the records have changed meanwhile (${rcodeName(rcode)})` };
    const who = key ? `the key ${key.name}` : 'a sender without a key';
    if (rcode === rcodes.REFUSED || rcode === rcodes.NOTAUTH) {
      throw new SallyportError(
        'dns-refused',
        `The DNS server ${formatServerAddress(server)} takes no updates of ${zone.name} from ${who} (${rcodeName(rcode)}); allow it there.`,
      );
    }
    return {
      state: 'failed',
      detail: `${rcodeName(rcode)} from the server`,
      isTransient: rcode === rcodes.SERVFAIL,
    };
  }
}

/** Record sets of a transferred zone; what the server makes by itself is left out. */
export function recordSetsOf(records: readonly DnsRecord[]): RecordSet[] {
  const bySet = new Map<string, DnsRecord[]>();
  for (const record of records) {
    if (madeByServer.has(record.type)) continue;
    const key = setKey(lowerName(record.name), typeName(record.type));
    const list = bySet.get(key);
    if (list) list.push(record);
    else bySet.set(key, [record]);
  }
  return [...bySet.values()].map((list) => {
    const { name, type, ttlSeconds } = list[0]!;
    return recordSet(
      lowerName(name),
      typeName(type),
      ttlSeconds,
      list.map(({ data }) => formatRecordData(type, data)),
    );
  });
}

function isPrerequisite(rcode: number): boolean {
  return ([rcodes.YXDOMAIN, rcodes.YXRRSET, rcodes.NXDOMAIN, rcodes.NXRRSET] as number[]).includes(rcode);
}

function batchesOf(groups: readonly ChangeGroup[]): ChangeGroup[][] {
  const batches: ChangeGroup[][] = [];
  let room = 0;
  for (const group of groups) {
    const size = updateBytes(group);
    const last = batches.at(-1);
    if (!last || last.length >= maxGroupsPerUpdate || size > room) {
      batches.push([group]);
      room = maxUpdateBytes - size;
    } else {
      last.push(group);
      room -= size;
    }
  }
  return batches;
}

function halves<T>(list: readonly T[]): [T[], T[]] {
  const middle = list.length >> 1;
  return [list.slice(0, middle), list.slice(middle)];
}
