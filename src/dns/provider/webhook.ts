// A provider of the owner's own, over HTTP: docs/dns-webhook.md is its contract. The far side holds conditions and does a
// group whole or not at all; what it cannot do it says for each group.
import { z } from 'zod';
import { isSallyportError, SallyportError } from '#base/errors.ts';
import { recordSet, type RecordSet } from '#model/dns/record-set.ts';
import type {
  ChangeGroup,
  ChangeOutcome,
  DnsProvider,
  OutcomeReport,
  ProviderZone,
  RecordChange,
} from './dns-provider.ts';
import { ApiRefusal, HttpApi } from './http-api.ts';
import {
  byToken,
  type HttpProviderOptions,
  normalName,
  normalValue,
  type PublishedCheck,
  readPages,
  standingOf,
} from './http-provider.ts';
import { settle, type Standing } from './verified-apply.ts';

const maxPages = 1000;
/** Groups in one request. */
const maxGroups = 100;

const zonesSchema = z.object({
  zones: z.array(
    z.object({
      name: z.string().min(1),
      nameServers: z.array(z.string()).default([]),
      minTtl: z.int().min(0).default(0),
    }),
  ),
});
const setSchema = z.object({
  name: z.string(),
  type: z.string(),
  ttl: z.int().min(0),
  values: z.array(z.string()).min(1),
});
const recordsSchema = z.object({ records: z.array(setSchema), next: z.string().optional() });
const outcomesSchema = z.object({
  outcomes: z.array(
    z.object({
      id: z.string(),
      state: z.enum(['applied', 'conflict', 'failed']),
      detail: z.string().max(1000).default(''),
      retry: z.boolean().default(false),
    }),
  ),
});
const publishedSchema = z.object({ published: z.boolean() });
const errorSchema = z.object({ error: z.string() });

/** Whatever answers at a URL of the owner's. */
export class WebhookProvider implements DnsProvider {
  readonly name: string;
  readonly #published: PublishedCheck;
  readonly #api: HttpApi;

  constructor(options: HttpProviderOptions & { readonly baseUrl: string }) {
    this.name = options.name;
    this.#published = options.isPublished;
    this.#api = new HttpApi({
      ...{ ...options, ...byToken(options.token), everyMs: 0, detailOf },
    });
  }

  async listZones(signal: AbortSignal): Promise<readonly ProviderZone[]> {
    const { zones } = await this.#api.json({ method: 'GET', path: '/zones' }, zonesSchema, signal);
    return zones.map(({ name, nameServers, minTtl: minTtlSeconds }) => ({
      ...{ id: name, name: normalName(name), nameServers, minTtlSeconds },
    }));
  }

  async listRecords(zone: ProviderZone, signal: AbortSignal): Promise<readonly RecordSet[]> {
    return readPages('', maxPages, async (cursor: string) => {
      const query = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`;
      const request = { method: 'GET' as const, path: `${pathOf(zone)}/records${query}` };
      const { records, next } = await this.#api.json(request, recordsSchema, signal);
      const items = records.map(({ name, type, ttl, values }) =>
        recordSet(
          normalName(name),
          type,
          ttl,
          values.map((value) => normalValue(type, value)),
        ),
      );
      return { items, next };
    });
  }

  async apply(
    zone: ProviderZone,
    groups: readonly ChangeGroup[],
    report: OutcomeReport,
    signal: AbortSignal,
  ): Promise<void> {
    for (let at = 0; at < groups.length; at += maxGroups) {
      const batch = groups.slice(at, at + maxGroups);
      const body = JSON.stringify({ groups: batch.map(groupBody) });
      const request = { method: 'POST' as const, path: `${pathOf(zone)}/changes`, body };
      const { outcomes } = await this.#api
        .json(request, outcomesSchema, signal)
        .catch(async (error: unknown) => {
          if (error instanceof ApiRefusal) throw this.#refused(error);
          // The answer is lost, perhaps after the work was done.
          if (isSallyportError(error, 'dns-unreachable'))
            await settle(batch, { list: () => this.#standing(zone, signal), report }, undefined);
          throw error;
        });
      const asked = new Set(batch.map(({ id }) => id));
      for (const outcome of outcomes) if (asked.delete(outcome.id)) report(outcome.id, outcomeOf(outcome));
      for (const id of asked)
        report(id, {
          state: 'failed',
          detail: `${this.name} did not say what became of it`,
          isTransient: true,
        });
    }
  }

  /** The far side may know better than its name servers; one that does not is not asked twice. */
  async isPublished(
    zone: ProviderZone,
    change: Pick<RecordChange, 'name' | 'type' | 'after'>,
    signal: AbortSignal,
  ): Promise<boolean> {
    const { name, type, after } = change;
    const body = JSON.stringify({ name, type, after: setBody(after) });
    try {
      const request = { method: 'POST' as const, path: `${pathOf(zone)}/published`, body };
      return (await this.#api.json(request, publishedSchema, signal)).published;
    } catch (error) {
      if (error instanceof ApiRefusal && error.status === 404) return this.#published(zone, change, signal);
      throw error instanceof ApiRefusal ? this.#refused(error) : error;
    }
  }

  async #standing(zone: ProviderZone, signal: AbortSignal): Promise<Standing<undefined>> {
    return standingOf(await this.listRecords(zone, signal));
  }

  #refused({ message }: ApiRefusal): SallyportError {
    return new SallyportError(
      'dns-refused',
      `The DNS provider ${this.name} refuses the request (${message}); see docs/dns-webhook.md for what it is sent.`,
    );
  }
}

function pathOf(zone: ProviderZone): string {
  return `/zones/${encodeURIComponent(zone.id)}`;
}

function groupBody({ id, changes }: ChangeGroup): object {
  return {
    id,
    changes: changes.map(({ name, type, before, after }) => ({
      name,
      type,
      before: setBody(before),
      after: setBody(after),
    })),
  };
}

function setBody(set: RecordSet | undefined): object | null {
  return set ? { ttl: set.ttlSeconds, values: set.values } : null;
}

function outcomeOf({
  state,
  detail,
  retry,
}: z.output<typeof outcomesSchema>['outcomes'][number]): ChangeOutcome {
  if (state === 'applied') return { state };
  return state === 'conflict' ? { state, detail } : { state, detail, isTransient: retry };
}

function detailOf(body: string): string {
  try {
    return errorSchema.parse(JSON.parse(body)).error;
  } catch {
    return '';
  }
}
