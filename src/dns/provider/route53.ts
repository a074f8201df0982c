// Amazon Route 53. Record sets as we have them, changed in batches that are atomic; a deletion must name exactly what
// stands and a creation wants nothing there, so conditions are theirs to hold as well. Five requests a second.
import { z } from 'zod';
import { SallyportError } from '#base/errors.ts';
import type { Clock } from '#base/clock.ts';
import type { WebAnswer } from '#base/web-client.ts';
import { type RecordSet, setKey } from '#model/record-set.ts';
import { type AwsCredentials, awsHeaders } from './aws-signature.ts';
import type { ChangeGroup, DnsProvider, OutcomeReport, ProviderZone, RecordChange } from './dns-provider.ts';
import { HttpApi } from './http-api.ts';
import { type HttpProviderOptions, normalName, type PublishedCheck } from './http-provider.ts';
import { changeBatch, readSets } from './route53-records.ts';
import { applyVerified, batchesBy, type Standing, writesOf } from './verified-apply.ts';
import { childAt, childrenOf, parseXml, textAt, type XmlElement } from './xml-elements.ts';

const baseUrl = 'https://route53.amazonaws.com';
const version = '/2013-04-01';
/** 1 s / 5 requests. */
const everyMs = 220;
const zonesPerPage = 100;
const setsPerPage = 300;
const maxPages = 1000;
/** 1,000 records and 32,000 characters of values in a batch; an update counts twice. */
const maxBatchRecords = 900;
const maxBatchChars = 30_000;

export interface Route53Options extends Omit<HttpProviderOptions, 'token'> {
  readonly credentials: AwsCredentials;
}

/** Public hosted zones of an AWS account. */
export class Route53Provider implements DnsProvider {
  readonly name: string;
  readonly #options: Route53Options;
  readonly #clock: Clock;
  readonly #api: HttpApi;
  readonly #published: PublishedCheck;
  /** Changes that may not have reached every server yet, by zone id. */
  readonly #pending = new Map<string, string>();

  constructor(options: Route53Options) {
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock;
    this.#published = options.isPublished;
    const { credentials, clock } = options;
    this.#api = new HttpApi({
      ...{ baseUrl, ...options, everyMs, detailOf, isThrottle },
      secrets: [credentials.secretAccessKey, credentials.sessionToken],
      headersFor: ({ method, url, body }) =>
        awsHeaders(
          {
            ...{ method, url, body: String(body ?? ''), service: 'route53', region: 'us-east-1' },
            wallMs: clock.wallMs(),
          },
          credentials,
        ),
    });
  }

  async listZones(signal: AbortSignal): Promise<readonly ProviderZone[]> {
    const found: ProviderZone[] = [];
    let marker: string | undefined = '';
    for (let page = 0; marker !== undefined && page < maxPages; page++) {
      const query = new URLSearchParams({
        maxitems: String(zonesPerPage),
        ...(marker === '' ? {} : { marker }),
      });
      const answer = await this.#get(`/hostedzone?${query.toString()}`, signal);
      for (const zone of childrenOf(childAt(answer, 'HostedZones'), 'HostedZone')) {
        // Those of a private network answer nobody outside of it.
        if (textAt(zone, 'Config', 'PrivateZone') === 'true') continue;
        const id = textAt(zone, 'Id').replace('/hostedzone/', '');
        const whole = await this.#get(`/hostedzone/${id}`, signal);
        const nameServers = childrenOf(childAt(whole, 'DelegationSet', 'NameServers'), 'NameServer').map(
          ({ text }) => text,
        );
        found.push({ id, name: normalName(textAt(zone, 'Name')), nameServers, minTtlSeconds: 0 });
      }
      marker = textAt(answer, 'IsTruncated') === 'true' ? textAt(answer, 'NextMarker') : undefined;
    }
    return found;
  }

  async listRecords(zone: ProviderZone, signal: AbortSignal): Promise<readonly RecordSet[]> {
    return [...(await this.#standing(zone, signal)).values()].map(({ set }) => set);
  }

  async apply(
    zone: ProviderZone,
    groups: readonly ChangeGroup[],
    report: OutcomeReport,
    signal: AbortSignal,
  ): Promise<void> {
    await applyVerified({
      ...{ groups, report, clock: this.#clock, isAtomic: true },
      list: () => this.#standing(zone, signal),
      batches: (list) => batchesBy(list, 1, weightOf),
      send: async (batch) => {
        const body = changeBatch(writesOf(batch));
        const request = {
          method: 'POST' as const,
          path: `${version}/hostedzone/${zone.id}/rrset/`,
          body,
          contentType: 'text/xml',
        };
        const answer = this.#parse(await this.#api.send(request, signal));
        this.#pending.set(zone.id, textAt(answer, 'ChangeInfo', 'Id').replace('/change/', ''));
      },
    });
  }

  /** Their own word first: a change is everywhere when it is INSYNC. Then the servers, as with everybody. */
  async isPublished(
    zone: ProviderZone,
    change: Pick<RecordChange, 'name' | 'type' | 'after'>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const id = this.#pending.get(zone.id);
    if (id !== undefined) {
      const answer = await this.#get(`/change/${id}`, signal);
      if (textAt(answer, 'ChangeInfo', 'Status') !== 'INSYNC') return false;
      if (this.#pending.get(zone.id) === id) this.#pending.delete(zone.id);
    }
    return this.#published(zone, change, signal);
  }

  async #standing(zone: ProviderZone, signal: AbortSignal): Promise<Standing<undefined>> {
    const elements: XmlElement[] = [];
    let next: Record<string, string> | undefined = {};
    for (let page = 0; next && page < maxPages; page++) {
      const query = new URLSearchParams({ maxitems: String(setsPerPage), ...next });
      const answer = await this.#get(`/hostedzone/${zone.id}/rrset?${query.toString()}`, signal);
      elements.push(...childrenOf(childAt(answer, 'ResourceRecordSets'), 'ResourceRecordSet'));
      const identifier = textAt(answer, 'NextRecordIdentifier');
      next =
        textAt(answer, 'IsTruncated') === 'true'
          ? {
              name: textAt(answer, 'NextRecordName'),
              type: textAt(answer, 'NextRecordType'),
              ...(identifier === '' ? {} : { identifier }),
            }
          : undefined;
    }
    return new Map(
      readSets(elements).map((set) => [setKey(set.name, set.type), { set, details: undefined }]),
    );
  }

  async #get(path: string, signal: AbortSignal): Promise<XmlElement> {
    return this.#parse(await this.#api.send({ method: 'GET', path: `${version}${path}` }, signal));
  }

  #parse(answer: WebAnswer): XmlElement {
    try {
      return parseXml(answer.body.toString('utf8'));
    } catch (error) {
      const text = `The DNS provider ${this.#options.name} answered with something that is no XML; it is tried again later.`;
      throw new SallyportError('dns-unreachable', text, { cause: error });
    }
  }
}

/** Share of a batch that a group fills. */
function weightOf({ changes }: ChangeGroup): number {
  const values = changes.flatMap(({ before, after }) => [
    ...(before?.values ?? []),
    ...(after?.values ?? []),
  ]);
  const chars = values.reduce((sum, value) => sum + 4 * value.length, 0);
  return Math.max(values.length / maxBatchRecords, chars / maxBatchChars);
}

/** Throttling comes as 400, and so does the notice that the last change is still being taken in. */
function isThrottle({ status, body }: WebAnswer): boolean {
  return (
    status === 400 &&
    /<Code>(Throttling|ThrottlingException|PriorRequestNotComplete)<\/Code>/.test(body.toString('utf8'))
  );
}

const messagesSchema = z.array(z.string());

function detailOf(body: string): string {
  try {
    const root = parseXml(body);
    const code = textAt(root, 'Error', 'Code');
    const message = textAt(root, 'Error', 'Message');
    const messages = messagesSchema.parse(
      childrenOf(childAt(root, 'Messages'), 'Message').map(({ text }) => text),
    );
    return (
      [...messages, message].filter((text) => text !== '').join('; ') + (code === '' ? '' : ` (${code})`)
    );
  } catch {
    return '';
  }
}
