// What is in the edge's cache and what it has done, as the API, the command line and the dashboard show it; and what a
// purge takes away.
import { z } from 'zod';
import { timeSchema } from '../names.ts';

/** Requests by what became of them, bytes, and the part that the cache answered. */
export const cacheNumbersSchema = z.object({
  requests: z
    .record(z.string(), z.int().min(0))
    .meta({ description: 'By the word of CF-Cache-Status: HIT, MISS, EXPIRED, BYPASS, DYNAMIC ...' }),
  savedBytes: z.int().min(0).meta({ description: 'Body bytes that did not have to come from home.' }),
  hitRatio: z
    .number()
    .min(0)
    .max(1)
    .meta({ description: 'Requests that the cache answered, of those that it could have.' }),
});

export const cacheStatusSchema = z
  .object({
    isOn: z.boolean(),
    total: cacheNumbersSchema,
    /** Hostnames with the most requests first, at most 100. */
    hosts: z.array(cacheNumbersSchema.extend({ host: z.string() })),
    memory: z.object({
      bytes: z.int().min(0),
      limitBytes: z.int().min(0),
      entries: z.int().min(0),
      evictions: z.int().min(0),
    }),
    /** Null: nothing is kept on disk. */
    disk: z
      .object({
        bytes: z.int().min(0),
        limitBytes: z.int().min(0),
        entries: z.int().min(0),
        hits: z.int().min(0).meta({ description: 'Responses that were read back.' }),
        broken: z
          .int()
          .min(0)
          .meta({ description: 'Not what was written, by their checksums; taken for misses.' }),
        written: z.int().min(0),
        skipped: z.int().min(0).meta({ description: 'Not written, because the disk did not keep up.' }),
        failed: z.int().min(0).meta({ description: 'Refused by the disk.' }),
      })
      .nullable(),
  })
  .meta({ id: 'CacheStatus' });

/** One stored response. */
export const cachedResponseSchema = z
  .object({
    url: z.string(),
    status: z.int(),
    contentType: z.string(),
    bytes: z.int().min(0).meta({ description: 'Of its body.' }),
    place: z.enum(['memory', 'disk', 'both']),
    storedAtMs: timeSchema,
    ageMs: z.number().min(0),
    freshForMs: z.number().meta({ description: 'Negative once stale.' }),
    hits: z.int().min(0).meta({ description: 'Since it came into memory.' }),
    tags: z.array(z.string()),
    variant: z.string().meta({ description: 'Request fields that select it, as `name:value` lines.' }),
  })
  .meta({ id: 'CachedResponse' });

export const cachedOrders = ['newest', 'largest', 'hits', 'url'] as const;

/** Which stored responses are wanted. */
export interface CachedQuery {
  readonly offset: number;
  readonly limit: number;
  readonly host: string | undefined;
  /** Only addresses and tags that contain this text. */
  readonly search: string | undefined;
  readonly sort: (typeof cachedOrders)[number];
}

/** What a purge takes away. */
export type CachePurge =
  | { readonly kind: 'all' }
  | { readonly kind: 'host'; readonly host: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'url' | 'prefix'; readonly url: string };

export type CacheStatus = z.infer<typeof cacheStatusSchema>;
export type CachedResponse = z.infer<typeof cachedResponseSchema>;
