// Hetzner DNS (the zones of the Cloud API). Record sets as we have them; each is created, changed and deleted by a request
// of its own, which answers with an action that is done a moment later. 3,600 requests an hour.
import { z } from 'zod';
import { sleep } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import { hasSameValues, recordSet } from '#model/dns/record-set.ts';
import type { ProviderZone, RecordChange } from './dns-provider.ts';
import { ApiRefusal } from './http-api.ts';
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
  standingOf,
} from './http-provider.ts';
import { batchesBy, type Standing, writesOf } from './verified-apply.ts';

const baseUrl = 'https://api.hetzner.cloud/v1';
/** A short burst is free; over an hour it is one a second, which 429 with its Retry-After or RateLimit-Reset sees to. */
const everyMs = 50;
const perPage = 50;
const maxPages = 1000;
const minTtlSeconds = 60;
/** An action takes about that long, and every look costs a request. */
const actionPollMs = 500;
const actionPolls = 60;
/** A listing of a large zone costs as much as many changes; what is created is refused by them if it exists by then. */
const listingLifeMs = 120_000;

const pageSchema = z.object({ pagination: z.object({ next_page: z.int().nullable() }) });
const zoneSchema = z.object({
  id: z.int(),
  name: z.string(),
  mode: z.string(),
  ttl: z.int(),
  authoritative_nameservers: z.object({ assigned: z.array(z.string()) }).optional(),
});
const zonesSchema = z.object({ zones: z.array(zoneSchema), meta: pageSchema });
const setSchema = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.int().nullable(),
  records: z.array(z.object({ value: z.string() })),
});
const setsSchema = z.object({ rrsets: z.array(setSchema), meta: pageSchema });
const actionSchema = z.object({
  action: z.object({
    id: z.int(),
    status: z.enum(['running', 'success', 'error']),
    error: z.object({ message: z.string() }).nullish(),
  }),
});
const errorSchema = z.object({ error: z.object({ code: z.string(), message: z.string() }) });

/** Zones of a Hetzner project. */
export class HetznerProvider extends HttpProvider<undefined> {
  /** TTLs of zones by id, for sets that have none of their own. */
  readonly #zoneTtls = new Map<string, number>();

  constructor(options: HttpProviderOptions) {
    super(options, { baseUrl, everyMs, detailOf, ...byToken(options.token) });
  }

  async listZones(signal: AbortSignal): Promise<readonly ProviderZone[]> {
    const zones = await this.#pages('/zones', zonesSchema, ({ zones: list }) => list, signal);
    // The records of a secondary zone are changed at its primary.
    const primary = zones.filter(({ mode }) => mode === 'primary');
    for (const { id, ttl } of primary) this.#zoneTtls.set(String(id), ttl);
    return primary.map(({ id, name, authoritative_nameservers }) => ({
      ...{ id: String(id), name: normalName(name), minTtlSeconds },
      nameServers: (authoritative_nameservers?.assigned ?? []).map((server) => server.replace(/\.$/, '')),
    }));
  }

  protected waysToApply(zone: ProviderZone, signal: AbortSignal): ApplyWays<undefined> {
    return {
      isAtomic: false,
      listingLifeMs,
      batches: (list) => batchesBy(list, 1, () => 1),
      send: async (batch) => {
        for (const change of writesOf(batch)) await this.#write(zone, change, signal);
      },
    };
  }

  protected async standing(zone: ProviderZone, signal: AbortSignal): Promise<Standing<undefined>> {
    const listed = await this.#pages(`/zones/${zone.id}/rrsets`, setsSchema, ({ rrsets }) => rrsets, signal);
    const zoneTtl = this.#zoneTtls.get(zone.id) ?? 3600;
    return standingOf(
      listed.map(({ name, type, ttl, records }) => {
        const values = records.map(({ value }) => normalValue(type, value));
        return recordSet(absoluteName(name, zone.name), type, ttl ?? zoneTtl, values);
      }),
    );
  }

  #pages<Page extends { readonly meta: z.output<typeof pageSchema> }, Item>(
    path: string,
    schema: z.ZodType<Page>,
    itemsOf: (page: Page) => readonly Item[],
    signal: AbortSignal,
  ): Promise<Item[]> {
    return readPages(1, maxPages, async (page: number) => {
      const request = { method: 'GET' as const, path: `${path}?page=${page}&per_page=${perPage}` };
      const answer = await this.api.json(request, schema, signal);
      return { items: itemsOf(answer), next: answer.meta.pagination.next_page ?? undefined };
    });
  }

  async #write(
    zone: ProviderZone,
    { name, type, before, after }: RecordChange,
    signal: AbortSignal,
  ): Promise<void> {
    const base = `/zones/${zone.id}/rrsets`;
    const relative = relativeName(name, zone.name) || '@';
    const one = `${base}/${encodeURIComponent(relative)}/${type}`;
    const records = (after?.values ?? []).map((value) => ({ value }));
    const post = (path: string, body: object): Promise<void> =>
      this.#act({ method: 'POST', path, body: JSON.stringify(body) }, signal);
    if (!after) return this.#act({ method: 'DELETE', path: one }, signal);
    if (!before) return post(base, { name: relative, type, ttl: after.ttlSeconds, records });
    if (!hasSameValues(before, after)) await post(`${one}/actions/set_records`, { records });
    if (before.ttlSeconds !== after.ttlSeconds)
      await post(`${one}/actions/change_ttl`, { ttl: after.ttlSeconds });
  }

  /** Sends a change and waits until its action is done: what comes next may depend on it. */
  async #act(
    request: { readonly method: 'POST' | 'DELETE'; readonly path: string; readonly body?: string },
    signal: AbortSignal,
  ): Promise<void> {
    let { action } = await this.api.json(request, actionSchema, signal);
    for (let i = 0; action.status === 'running'; i++) {
      if (i >= actionPolls) throw this.#neverDone(action.id);
      await sleep(this.clock, actionPollMs, signal);
      ({ action } = await this.api.json(
        { method: 'GET', path: `/actions/${action.id}` },
        actionSchema,
        signal,
      ));
    }
    if (action.status === 'error') throw new ApiRefusal(422, action.error?.message ?? 'the action failed');
  }

  #neverDone(id: number): SallyportError {
    return new SallyportError(
      'dns-unreachable',
      `The DNS provider ${this.name} has not finished action ${id}; it is looked at again later.`,
    );
  }
}

function detailOf(body: string): string {
  try {
    const { error } = errorSchema.parse(JSON.parse(body));
    return `${error.message} (${error.code})`;
  } catch {
    return '';
  }
}
