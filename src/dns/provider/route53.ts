// Amazon Route 53. Record sets as we have them, changed in batches that are atomic; a deletion must name exactly what
// stands and a creation wants nothing there, so conditions are theirs to hold as well. Five requests a second.
import { z } from 'zod';
import { SallyportError } from '#base/errors.ts';
import type { WebAnswer } from '#base/net/web-client.ts';
import { type AwsCredentials, awsHeaders } from './aws-signature.ts';
import type { ChangeGroup, ProviderZone, RecordChange } from './dns-provider.ts';
import {
  type ApplyWays,
  HttpProvider,
  type HttpProviderOptions,
  normalName,
  readPages,
  standingOf,
} from './http-provider.ts';
import { changeBatch, readSets } from './route53-records.ts';
import { batchesBy, type Standing, writesOf } from './verified-apply.ts';
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
export class Route53Provider extends HttpProvider<undefined> {
  /** Changes that may not have reached every server yet, by zone id. */
  readonly #pending = new Map<string, string>();

  constructor(options: Route53Options) {
    const { credentials, clock } = options;
    super(options, {
      ...{ baseUrl, everyMs, detailOf, isThrottle },
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
    return readPages('', maxPages, async (marker: string) => {
      const query = new URLSearchParams({
        maxitems: String(zonesPerPage),
        ...(marker === '' ? {} : { marker }),
      });
      const answer = await this.#get(`/hostedzone?${query.toString()}`, signal);
      const items: ProviderZone[] = [];
      for (const zone of childrenOf(childAt(answer, 'HostedZones'), 'HostedZone')) {
        // Those of a private network answer nobody outside of it.
        if (textAt(zone, 'Config', 'PrivateZone') !== 'true') items.push(await this.#zone(zone, signal));
      }
      const isLast = textAt(answer, 'IsTruncated') !== 'true';
      return { items, next: isLast ? undefined : textAt(answer, 'NextMarker') };
    });
  }

  /** A zone of the listing, with its servers, which only a look at it names. */
  async #zone(listed: XmlElement, signal: AbortSignal): Promise<ProviderZone> {
    const id = textAt(listed, 'Id').replace('/hostedzone/', '');
    const whole = await this.#get(`/hostedzone/${id}`, signal);
    const servers = childrenOf(childAt(whole, 'DelegationSet', 'NameServers'), 'NameServer');
    return {
      ...{ id, name: normalName(textAt(listed, 'Name')), minTtlSeconds: 0 },
      nameServers: servers.map(({ text }) => text),
    };
  }

  protected waysToApply(zone: ProviderZone, signal: AbortSignal): ApplyWays<undefined> {
    return {
      isAtomic: true,
      batches: (list) => batchesBy(list, 1, weightOf),
      send: async (batch) => {
        const body = changeBatch(writesOf(batch));
        const request = {
          method: 'POST' as const,
          path: `${version}/hostedzone/${zone.id}/rrset/`,
          body,
          contentType: 'text/xml',
        };
        const answer = this.#parse(await this.api.send(request, signal));
        this.#pending.set(zone.id, textAt(answer, 'ChangeInfo', 'Id').replace('/change/', ''));
      },
    };
  }

  /** Their own word first: a change is everywhere when it is INSYNC. Then the servers, as with everybody. */
  override async isPublished(
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
    return super.isPublished(zone, change, signal);
  }

  protected async standing(zone: ProviderZone, signal: AbortSignal): Promise<Standing<undefined>> {
    const elements = await readPages({}, maxPages, async (from: Readonly<Record<string, string>>) => {
      const query = new URLSearchParams({ maxitems: String(setsPerPage), ...from });
      const answer = await this.#get(`/hostedzone/${zone.id}/rrset?${query.toString()}`, signal);
      const items = childrenOf(childAt(answer, 'ResourceRecordSets'), 'ResourceRecordSet');
      if (textAt(answer, 'IsTruncated') !== 'true') return { items, next: undefined };
      const identifier = textAt(answer, 'NextRecordIdentifier');
      const next = {
        name: textAt(answer, 'NextRecordName'),
        type: textAt(answer, 'NextRecordType'),
        ...(identifier === '' ? {} : { identifier }),
      };
      return { items, next };
    });
    return standingOf(readSets(elements));
  }

  async #get(path: string, signal: AbortSignal): Promise<XmlElement> {
    return this.#parse(await this.api.send({ method: 'GET', path: `${version}${path}` }, signal));
  }

  #parse(answer: WebAnswer): XmlElement {
    try {
      return parseXml(answer.body.toString('utf8'));
    } catch (error) {
      const text = `The DNS provider ${this.name} answered with something that is no XML; it is tried again later.`;
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
