// deSEC. Record sets as we have them, changed many at a time in one atomic request, which is needed: a domain takes 15
// writes a minute and 300 a day. TTLs below the domain's minimum (3,600 s unless they raise it) are refused.
import { z } from 'zod';
import { recordSet } from '#model/dns/record-set.ts';
import type { ProviderZone } from './dns-provider.ts';
import {
  type ApplyWays,
  byToken,
  HttpProvider,
  type HttpProviderOptions,
  normalName,
  normalValue,
  readPages,
  relativeName,
  standingOf,
} from './http-provider.ts';
import { batchesBy, type Standing, writesOf } from './verified-apply.ts';

const baseUrl = 'https://desec.io/api/v1';
/** Reads: 10 a second, 50 a minute; a burst is free and 429 says when to go on. */
const everyMs = 110;
const maxPages = 200;
/** Sets in one request; a round number far below what their request size allows. */
const maxBatch = 200;
const nameServers = ['ns1.desec.io', 'ns2.desec.org'];

const domainsSchema = z.array(z.object({ name: z.string(), minimum_ttl: z.int() }));
const setsSchema = z.array(
  z.object({ name: z.string(), type: z.string(), ttl: z.int(), records: z.array(z.string()) }),
);

/** Domains of a deSEC account. */
export class DesecProvider extends HttpProvider<undefined> {
  constructor(options: HttpProviderOptions) {
    super(options, { baseUrl, everyMs, detailOf, ...byToken(options.token, 'Token') });
  }

  async listZones(signal: AbortSignal): Promise<readonly ProviderZone[]> {
    const domains = await this.#pages('/domains/', domainsSchema, signal);
    return domains.map(({ name, minimum_ttl: minTtlSeconds }) => ({
      ...{ id: name, name: normalName(name), nameServers, minTtlSeconds },
    }));
  }

  protected waysToApply(zone: ProviderZone, signal: AbortSignal): ApplyWays<undefined> {
    return {
      isAtomic: true,
      batches: (list) => batchesBy(list, maxBatch, ({ changes }) => changes.length),
      send: async (batch) => {
        const body = writesOf(batch).map(({ name, type, after }) => {
          const subname = relativeName(name, zone.name);
          return after
            ? { subname, type, ttl: after.ttlSeconds, records: after.values }
            : { subname, type, records: [] };
        });
        const path = `${this.#path(zone)}`;
        await this.api.send({ method: 'PATCH', path, body: JSON.stringify(body) }, signal);
      },
    };
  }

  protected async standing(zone: ProviderZone, signal: AbortSignal): Promise<Standing<undefined>> {
    const listed = await this.#pages(this.#path(zone), setsSchema, signal);
    const sets = listed.map(({ name, type, ttl, records }) =>
      recordSet(
        normalName(name),
        type,
        ttl,
        records.map((value) => normalValue(type, value)),
      ),
    );
    return standingOf(sets);
  }

  #path(zone: ProviderZone): string {
    return `/domains/${encodeURIComponent(zone.id)}/rrsets/`;
  }

  /** Beyond 500 items a cursor is needed; the empty one begins. */
  async #pages<Item>(path: string, schema: z.ZodType<Item[]>, signal: AbortSignal): Promise<Item[]> {
    return readPages('', maxPages, async (cursor: string) => {
      const request = { method: 'GET' as const, path: `${path}?cursor=${encodeURIComponent(cursor)}` };
      const { value, headers } = await this.api.jsonWithHeaders(request, schema, signal);
      return { items: value, next: nextCursor(String(headers['link'] ?? '')) };
    });
  }
}

/** The cursor of the link with `rel="next"` (RFC 8288). */
function nextCursor(link: string): string | undefined {
  for (const [, url, rel] of link.matchAll(/<([^>]*)>\s*;\s*rel="?([a-z]+)"?/g)) {
    if (rel === 'next') return new URL(url!, baseUrl).searchParams.get('cursor') ?? undefined;
  }
  return undefined;
}

/** Errors are an object, or a list with one object for each set of the request, the good ones empty. */
function detailOf(body: string): string {
  try {
    return words(JSON.parse(body)).join('; ');
  } catch {
    return '';
  }
}

function words(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(words);
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap(words);
  return [];
}
