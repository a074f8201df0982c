// What the providers over HTTP have in common: how they are put together, and values in normal form.
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { WebClient } from '#base/web-client.ts';
import { recordSet, type RecordSet } from '#model/record-set.ts';
import { lowerName, parseName } from '#wire/dns-name.ts';
import { normalRecordText } from '#wire/dns-record-text.ts';
import type { ProviderZone, RecordChange } from './dns-provider.ts';

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
