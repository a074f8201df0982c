// Hetzner DNS (the zones of the Cloud API). Record sets as we have them; each is created, changed and deleted by a request
// of its own, which answers with an action that is done a moment later. 3,600 requests an hour.
import { z } from 'zod';
import { type Clock, sleep } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import { hasSameValues, recordSet, type RecordSet, setKey } from '#model/record-set.ts';
import type { ChangeGroup, DnsProvider, OutcomeReport, ProviderZone, RecordChange } from './dns-provider.ts';
import { ApiRefusal, HttpApi } from './http-api.ts';
import {
  absoluteName,
  type HttpProviderOptions,
  normalName,
  normalValue,
  type PublishedCheck,
  relativeName,
} from './http-provider.ts';
import { applyVerified, batchesBy, type Standing, writesOf } from './verified-apply.ts';

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
export class HetznerProvider implements DnsProvider {
  readonly name: string;
  readonly isPublished: PublishedCheck;
  readonly #clock: Clock;
  readonly #api: HttpApi;
  /** TTLs of zones by id, for sets that have none of their own. */
  readonly #zoneTtls = new Map<string, number>();

  constructor(options: HttpProviderOptions) {
    this.name = options.name;
    this.isPublished = options.isPublished;
    this.#clock = options.clock;
    const { token } = options;
    this.#api = new HttpApi({
      ...{ baseUrl, ...options, everyMs, secrets: [token], detailOf },
      headersFor: () => ({ Authorization: `Bearer ${token}` }),
    });
  }

  async listZones(signal: AbortSignal): Promise<readonly ProviderZone[]> {
    const found: ProviderZone[] = [];
    for (let page: number | null = 1; page !== null && page <= maxPages;) {
      const path = `/zones?page=${page}&per_page=${perPage}`;
      const answer: z.output<typeof zonesSchema> = await this.#api.json(
        { method: 'GET', path },
        zonesSchema,
        signal,
      );
      for (const zone of answer.zones) {
        // The records of a secondary zone are changed at its primary.
        if (zone.mode !== 'primary') continue;
        const id = String(zone.id);
        this.#zoneTtls.set(id, zone.ttl);
        const nameServers = (zone.authoritative_nameservers?.assigned ?? []).map((name) =>
          name.replace(/\.$/, ''),
        );
        found.push({ id, name: normalName(zone.name), nameServers, minTtlSeconds });
      }
      page = answer.meta.pagination.next_page;
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
      ...{ groups, report, clock: this.#clock, isAtomic: false, listingLifeMs },
      list: () => this.#standing(zone, signal),
      batches: (list) => batchesBy(list, 1, () => 1),
      send: async (batch) => {
        for (const change of writesOf(batch)) await this.#write(zone, change, signal);
      },
    });
  }

  async #standing(zone: ProviderZone, signal: AbortSignal): Promise<Standing<undefined>> {
    const sets: RecordSet[] = [];
    for (let page: number | null = 1; page !== null && page <= maxPages;) {
      const path = `/zones/${zone.id}/rrsets?page=${page}&per_page=${perPage}`;
      const answer: z.output<typeof setsSchema> = await this.#api.json(
        { method: 'GET', path },
        setsSchema,
        signal,
      );
      for (const { name, type, ttl, records } of answer.rrsets) {
        const values = records.map(({ value }) => normalValue(type, value));
        sets.push(
          recordSet(absoluteName(name, zone.name), type, ttl ?? this.#zoneTtls.get(zone.id) ?? 3600, values),
        );
      }
      page = answer.meta.pagination.next_page;
    }
    return new Map(sets.map((set) => [setKey(set.name, set.type), { set, details: undefined }]));
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
    let { action } = await this.#api.json(request, actionSchema, signal);
    for (let i = 0; action.status === 'running'; i++) {
      if (i >= actionPolls) throw this.#neverDone(action.id);
      await sleep(this.#clock, actionPollMs, signal);
      ({ action } = await this.#api.json(
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
