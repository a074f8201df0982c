// DigitalOcean (API v2). Records are single, with ids, and each is changed by a request of its own: no transactions, and
// 250 requests a minute.
import { z } from 'zod';
import { type RecordSet, setKey } from '#model/dns/record-set.ts';
import { quoteText, unquoteText } from '#wire/dns-record-text.ts';
import type { ProviderZone, RecordChange } from './dns-provider.ts';
import {
  absoluteName,
  type ApplyWays,
  byToken,
  HttpProvider,
  type HttpProviderOptions,
  normalName,
  normalValue,
  readPages,
  relativeName,
  setsOf,
} from './http-provider.ts';
import { batchesBy, type Standing, writesOf } from './verified-apply.ts';

const baseUrl = 'https://api.digitalocean.com/v2';
/** 60 s / 250 requests. */
const everyMs = 240;
const perPage = 200;
const maxPages = 500;
const minTtlSeconds = 30;
/** Four changes a second; a listing is worth keeping for some of them. */
const listingLifeMs = 60_000;
const nameServers = ['ns1.digitalocean.com', 'ns2.digitalocean.com', 'ns3.digitalocean.com'];

const linksSchema = z.object({ pages: z.object({ next: z.string().optional() }).optional() }).optional();
const domainsSchema = z.object({ domains: z.array(z.object({ name: z.string() })), links: linksSchema });
const recordSchema = z.object({
  id: z.int(),
  type: z.string(),
  name: z.string(),
  data: z.string(),
  ttl: z.int(),
  priority: z.int().nullish(),
  port: z.int().nullish(),
  weight: z.int().nullish(),
  flags: z.int().nullish(),
  tag: z.string().nullish(),
});
const recordsSchema = z.object({ domain_records: z.array(recordSchema), links: linksSchema });
const errorSchema = z.object({ id: z.string(), message: z.string() });

type DigitalOceanRecord = z.output<typeof recordSchema>;

/** Domains of a DigitalOcean account. */
export class DigitalOceanProvider extends HttpProvider<readonly DigitalOceanRecord[]> {
  constructor(options: HttpProviderOptions) {
    super(options, { baseUrl, everyMs, detailOf, ...byToken(options.token) });
  }

  async listZones(signal: AbortSignal): Promise<readonly ProviderZone[]> {
    const pages = await this.#pages('/domains', domainsSchema, signal);
    return pages
      .flatMap(({ domains }) => domains)
      .map(({ name }) => ({ id: name, name: normalName(name), nameServers, minTtlSeconds }));
  }

  protected waysToApply(zone: ProviderZone, signal: AbortSignal): ApplyWays<readonly DigitalOceanRecord[]> {
    return {
      isAtomic: false,
      listingLifeMs,
      batches: (list) => batchesBy(list, 1, () => 1),
      send: async (batch, standing) => {
        for (const change of writesOf(batch)) await this.#write(zone, change, standing, signal);
      },
    };
  }

  protected async standing(
    zone: ProviderZone,
    signal: AbortSignal,
  ): Promise<Standing<readonly DigitalOceanRecord[]>> {
    const pages = await this.#pages(this.#path(zone), recordsSchema, signal);
    // Its SOA has no data of the usual form, and is the provider's own.
    const records = pages
      .flatMap(({ domain_records }) => domain_records)
      .filter(({ type }) => type !== 'SOA');
    const sets = setsOf(records, (record) => ({
      ...{ name: absoluteName(record.name, zone.name), type: record.type, ttlSeconds: record.ttl },
      value: valueOf(record, zone.name),
    }));
    return new Map(sets.map(({ set, items }) => [setKey(set.name, set.type), { set, details: items }]));
  }

  /** New values come before old ones go, so that the name is never without; save an alias, which tolerates no second. */
  async #write(
    zone: ProviderZone,
    { name, type, after }: RecordChange,
    standing: Standing<readonly DigitalOceanRecord[]>,
    signal: AbortSignal,
  ): Promise<void> {
    const path = this.#path(zone);
    const stands = standing.get(setKey(name, type))?.details ?? [];
    const kept = new Set<string>();
    const going: DigitalOceanRecord[] = [];
    for (const record of stands) {
      const value = valueOf(record, zone.name);
      if (!after?.values.includes(value)) going.push(record);
      else {
        kept.add(value);
        if (record.ttl === after.ttlSeconds) continue;
        const body = JSON.stringify({ type, ttl: after.ttlSeconds });
        await this.api.send({ method: 'PATCH', path: `${path}/${record.id}`, body }, signal);
      }
    }
    const remove = async (): Promise<void> => {
      for (const { id } of going) await this.api.send({ method: 'DELETE', path: `${path}/${id}` }, signal);
    };
    if (type === 'CNAME') await remove();
    for (const value of after?.values ?? []) {
      if (kept.has(value)) continue;
      const body = JSON.stringify(bodyOf(after!, value, zone.name));
      await this.api.send({ method: 'POST', path, body }, signal);
    }
    if (type !== 'CNAME') await remove();
  }

  #path(zone: ProviderZone): string {
    return `/domains/${encodeURIComponent(zone.id)}/records`;
  }

  #pages<Page extends { readonly links?: z.output<typeof linksSchema> }>(
    path: string,
    schema: z.ZodType<Page>,
    signal: AbortSignal,
  ): Promise<Page[]> {
    return readPages(1, maxPages, async (page: number) => {
      const request = { method: 'GET' as const, path: `${path}?page=${page}&per_page=${perPage}` };
      const answer = await this.api.json(request, schema, signal);
      return { items: [answer], next: answer.links?.pages?.next === undefined ? undefined : page + 1 };
    });
  }
}

/** The value in our form: there, numbers stand beside the data, texts are unquoted, and names have no dot at their end. */
function valueOf(record: DigitalOceanRecord, zone: string): string {
  const { type, data, priority, weight, port, flags, tag } = record;
  const target = data === '@' ? `${zone}.` : data;
  switch (type) {
    case 'TXT':
      return normalValue(type, quoteText(data));
    case 'MX':
      return normalValue(type, `${priority ?? 0} ${target}`);
    case 'SRV':
      return normalValue(type, `${priority ?? 0} ${weight ?? 0} ${port ?? 0} ${target}`);
    case 'CAA':
      return normalValue(type, `${flags ?? 0} ${tag ?? ''} "${data}"`);
    default:
      return normalValue(type, target);
  }
}

function bodyOf(set: RecordSet, value: string, zone: string): object {
  const { type, ttlSeconds: ttl } = set;
  const common = { type, name: relativeName(set.name, zone) || '@', ttl };
  const words = value.split(' ');
  switch (type) {
    case 'TXT':
      return { ...common, data: unquoteText(value) };
    case 'MX':
      return { ...common, priority: Number(words[0]), data: words[1] };
    case 'SRV': {
      const [priority, weight, port] = words.map(Number);
      return { ...common, priority, weight, port, data: words[3] };
    }
    case 'CAA':
      return {
        ...common,
        flags: Number(words[0]),
        tag: words[1],
        data: unquoteText(words.slice(2).join(' ')),
      };
    default:
      return { ...common, data: value };
  }
}

function detailOf(body: string): string {
  try {
    return errorSchema.parse(JSON.parse(body)).message;
  } catch {
    return '';
  }
}
