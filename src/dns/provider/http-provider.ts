// What the providers over HTTP have in common: how they are put together, listed, changed and paged through, and values in
// normal form. What is left to each is its interface's own: requests, answers and limits.
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { WebClient } from '#base/net/web-client.ts';
import { recordSet, type RecordSet, setKey } from '#model/dns/record-set.ts';
import { lowerName, parseName } from '#wire/dns-name.ts';
import { normalRecordText } from '#wire/dns-record-text.ts';
import type { ChangeGroup, DnsProvider, OutcomeReport, ProviderZone, RecordChange } from './dns-provider.ts';
import { HttpApi, type HttpApiOptions } from './http-api.ts';
import { applyVerified, type Standing, type VerifiedApplyOptions } from './verified-apply.ts';

/** Asks a zone's own servers, see client/published.ts. */
export type PublishedCheck = (
  zone: ProviderZone,
  change: Pick<RecordChange, 'name' | 'type' | 'after'>,
  signal: AbortSignal,
) => Promise<boolean>;

/** What every provider over HTTP is made of. */
export interface HttpProviderOptions {
  /** As in edge.yml. */
  readonly name: string;
  /** The provider's public address if absent. */
  readonly baseUrl?: string;
  readonly token: string;
  readonly web: WebClient;
  readonly clock: Clock;
  readonly random: Random;
  readonly isPublished: PublishedCheck;
}

/** What is a provider's own about its requests. */
export type ApiWays = Pick<
  HttpApiOptions,
  'baseUrl' | 'everyMs' | 'headersFor' | 'secrets' | 'detailOf' | 'isThrottle'
>;

/** How a provider's changes go out. */
export type ApplyWays<Details> = Pick<
  VerifiedApplyOptions<Details>,
  'isAtomic' | 'batches' | 'send' | 'listingLifeMs'
>;

/** A provider whose zones are listed as a whole and changed after a look. `Details`: what a change needs of what stands. */
export abstract class HttpProvider<Details> implements DnsProvider {
  readonly name: string;
  protected readonly clock: Clock;
  protected readonly api: HttpApi;
  readonly #published: PublishedCheck;

  constructor(options: Omit<HttpProviderOptions, 'token'>, ways: ApiWays) {
    const { name, web, clock, random, baseUrl = ways.baseUrl } = options;
    this.name = name;
    this.clock = clock;
    this.#published = options.isPublished;
    this.api = new HttpApi({ ...ways, name, web, clock, random, baseUrl });
  }

  abstract listZones(signal: AbortSignal): Promise<readonly ProviderZone[]>;

  /** What stands in a zone. */
  protected abstract standing(zone: ProviderZone, signal: AbortSignal): Promise<Standing<Details>>;

  protected abstract waysToApply(zone: ProviderZone, signal: AbortSignal): ApplyWays<Details>;

  async listRecords(zone: ProviderZone, signal: AbortSignal): Promise<readonly RecordSet[]> {
    return [...(await this.standing(zone, signal)).values()].map(({ set }) => set);
  }

  async apply(
    zone: ProviderZone,
    groups: readonly ChangeGroup[],
    report: OutcomeReport,
    signal: AbortSignal,
  ): Promise<void> {
    await applyVerified({
      ...{ groups, report, clock: this.clock, list: () => this.standing(zone, signal) },
      ...this.waysToApply(zone, signal),
    });
  }

  isPublished(
    zone: ProviderZone,
    change: Pick<RecordChange, 'name' | 'type' | 'after'>,
    signal: AbortSignal,
  ): Promise<boolean> {
    return this.#published(zone, change, signal);
  }
}

/** A token in the Authorization header, and kept out of messages. */
export function byToken(token: string, scheme = 'Bearer'): Pick<ApiWays, 'headersFor' | 'secrets'> {
  return { secrets: [token], headersFor: () => ({ Authorization: `${scheme} ${token}` }) };
}

/**
 * Everything of a listing in pages: `read` answers with the items of a page and where the next one is, undefined at the end.
 * What has more than `maxPages` is no zone of ours, or turns in a circle.
 */
export async function readPages<Place, Item>(
  first: Place,
  maxPages: number,
  read: (place: Place) => Promise<{ readonly items: readonly Item[]; readonly next: Place | undefined }>,
): Promise<Item[]> {
  const found: Item[] = [];
  let place: Place | undefined = first;
  for (let page = 0; place !== undefined && page < maxPages; page++) {
    const { items, next }: { readonly items: readonly Item[]; readonly next: Place | undefined } =
      await read(place);
    found.push(...items);
    place = next;
  }
  return found;
}

/** Sets of which nothing more must be known to change them. */
export function standingOf(sets: readonly RecordSet[]): Standing<undefined> {
  return new Map(sets.map((set) => [setKey(set.name, set.type), { set, details: undefined }]));
}

/** A value as we compare it; what cannot be read stays as the provider wrote it, and equals nothing of ours. */
export function normalValue(type: string, text: string): string {
  try {
    return normalRecordText(type, text);
  } catch {
    return text.trim();
  }
}

/** A name as we compare it. */
export function normalName(text: string): string {
  return lowerName(parseName(text) ?? text);
}

/** The name below a zone: '' for its top. */
export function relativeName(name: string, zone: string): string {
  return name === zone ? '' : name.slice(0, -zone.length - 1);
}

/** The whole name of a relative one; '' and '@' are the top. */
export function absoluteName(relative: string, zone: string): string {
  return relative === '' || relative === '@' ? zone : normalName(`${relative}.${zone}`);
}

/** Sets put together from single records. */
export function setsOf<Item>(
  items: readonly Item[],
  read: (item: Item) => {
    readonly name: string;
    readonly type: string;
    readonly ttlSeconds: number;
    readonly value: string;
  },
): { readonly set: RecordSet; readonly items: readonly Item[] }[] {
  const byKey = Map.groupBy(items, (item) => {
    const { name, type } = read(item);
    return `${name} ${type}`;
  });
  return [...byKey.values()].map((list) => {
    const { name, type } = read(list[0]!);
    // Providers with a TTL for each record: the smallest is what resolvers make of the set (RFC 2181 section 5.2).
    const ttl = Math.min(...list.map((item) => read(item).ttlSeconds));
    return {
      set: recordSet(
        name,
        type,
        ttl,
        list.map((item) => read(item).value),
      ),
      items: list,
    };
  });
}
