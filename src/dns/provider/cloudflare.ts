// Cloudflare (API v4). Records are single there and have ids; sets are put together from them, and changes go out in
// batches, each one transaction. 1,200 requests in five minutes and, on the free plan, 200 records in a batch.
import { z } from 'zod';
import { hasSameValues, setKey } from '#model/dns/record-set.ts';
import type { ChangeGroup, ProviderZone, RecordChange } from './dns-provider.ts';
import { cloudflareBody, cloudflareValue } from './cloudflare-record.ts';
import {
  type ApplyWays,
  byToken,
  HttpProvider,
  type HttpProviderOptions,
  normalName,
  readPages,
  setsOf,
} from './http-provider.ts';
import { batchesBy, type Standing, writesOf } from './verified-apply.ts';

const baseUrl = 'https://api.cloudflare.com/client/v4';
/** 300 s / 1,200 requests. */
const everyMs = 250;
const zonesPerPage = 50;
const recordsPerPage = 1000;
const maxPages = 100;
/** Records in a batch on the smallest plan. */
const maxBatch = 200;
/** What "automatic" (TTL 1) stands for. */
const automaticTtlSeconds = 300;
const minTtlSeconds = 60;

const pageSchema = z.object({ total_pages: z.int().min(0) });
const zoneSchema = z.object({
  id: z.string().min(1),
  name: z.string(),
  status: z.string(),
  name_servers: z.array(z.string()).nullish(),
});
const recordSchema = z.object({
  id: z.string().min(1),
  type: z.string(),
  name: z.string(),
  content: z.string().default(''),
  ttl: z.int(),
  proxied: z.boolean().default(false),
  priority: z.int().nullish(),
});
const errorSchema = z.object({ errors: z.array(z.object({ code: z.int(), message: z.string() })) });

/** A record as Cloudflare lists it. */
export type CloudflareRecord = z.output<typeof recordSchema>;

/** Zones of a Cloudflare account that a token may change. */
export class CloudflareProvider extends HttpProvider<readonly CloudflareRecord[]> {
  constructor(options: HttpProviderOptions) {
    super(options, { baseUrl, everyMs, detailOf, ...byToken(options.token) });
  }

  async listZones(signal: AbortSignal): Promise<readonly ProviderZone[]> {
    const zones = await this.#pages('/zones?', zonesPerPage, zoneSchema, signal);
    return (
      zones
        // A zone that moved away, or whose delegation has not come yet, answers nobody.
        .filter(({ status }) => status === 'active')
        .map(({ id, name, name_servers }) => ({
          ...{ id, name: normalName(name), nameServers: name_servers ?? [], minTtlSeconds },
        }))
    );
  }

  protected waysToApply(zone: ProviderZone, signal: AbortSignal): ApplyWays<readonly CloudflareRecord[]> {
    return {
      isAtomic: true,
      batches: (list) => batchesBy(list, maxBatch, weightOf),
      send: (batch, standing) => this.#send(zone, batch, standing, signal),
    };
  }

  protected async standing(
    zone: ProviderZone,
    signal: AbortSignal,
  ): Promise<Standing<readonly CloudflareRecord[]>> {
    const path = `/zones/${encodeURIComponent(zone.id)}/dns_records?`;
    const records = await this.#pages(path, recordsPerPage, recordSchema, signal);
    const sets = setsOf(records, (record) => ({
      name: normalName(record.name),
      type: record.type,
      // A proxied record answers with Cloudflare's addresses; it is never what we want, and never equal to it.
      ttlSeconds: record.ttl === 1 ? automaticTtlSeconds : record.ttl,
      value: cloudflareValue(record),
    }));
    return new Map(sets.map(({ set, items }) => [setKey(set.name, set.type), { set, details: items }]));
  }

  /** Deletes go before creates in a batch, whatever their order here. */
  async #send(
    zone: ProviderZone,
    batch: readonly ChangeGroup[],
    standing: Standing<readonly CloudflareRecord[]>,
    signal: AbortSignal,
  ): Promise<void> {
    const body = { deletes: [] as object[], patches: [] as object[], posts: [] as object[] };
    for (const change of writesOf(batch)) {
      const stands = standing.get(setKey(change.name, change.type))?.details ?? [];
      const kept = new Set<string>();
      for (const record of stands) {
        const value = cloudflareValue(record);
        if (!change.after?.values.includes(value)) body.deletes.push({ id: record.id });
        else {
          kept.add(value);
          body.patches.push({ id: record.id, ttl: change.after.ttlSeconds, ...isProxiable(record) });
        }
      }
      for (const value of change.after?.values ?? []) {
        if (!kept.has(value)) body.posts.push(cloudflareBody(change.after!, value));
      }
    }
    const path = `/zones/${encodeURIComponent(zone.id)}/dns_records/batch`;
    await this.api.json(
      { method: 'POST', path, body: JSON.stringify(body) },
      z.object({ success: z.literal(true) }),
      signal,
    );
  }

  async #pages<Schema extends z.ZodType>(
    path: string,
    perPage: number,
    schema: Schema,
    signal: AbortSignal,
  ): Promise<z.output<Schema>[]> {
    const answerSchema = z.object({
      success: z.literal(true),
      result: z.array(schema),
      result_info: pageSchema.nullish(),
    });
    return readPages(1, maxPages, async (page: number) => {
      const request = { method: 'GET' as const, path: `${path}page=${page}&per_page=${perPage}` };
      const answer = await this.api.json(request, answerSchema, signal);
      const isLast = page >= (answer.result_info?.total_pages ?? 1);
      return { items: answer.result as z.output<Schema>[], next: isLast ? undefined : page + 1 };
    });
  }
}

/** A changed TTL also takes a proxy out of the way that somebody put there. */
function isProxiable({ type }: CloudflareRecord): object {
  return ['A', 'AAAA', 'CNAME'].includes(type) ? { proxied: false } : {};
}

/** Records that a group touches at most. */
function weightOf({ changes }: ChangeGroup): number {
  return changes
    .filter(({ before, after }) => !hasSameValues(before, after) || before?.ttlSeconds !== after?.ttlSeconds)
    .reduce((sum, change) => sum + touched(change), 0);
}

function touched({ before, after }: RecordChange): number {
  return (before?.values.length ?? 0) + (after?.values.length ?? 0);
}

function detailOf(body: string): string {
  try {
    const { errors } = errorSchema.parse(JSON.parse(body));
    return errors.map(({ code, message }) => `${message} (${code})`).join('; ');
  } catch {
    return '';
  }
}
