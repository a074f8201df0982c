// The shared cache: what it does, what is in it, and taking things out of it.
import { z } from 'zod';
import { cachedOrders, cachedResponseSchema, cacheStatusSchema } from '#model/live/cached.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';

/** Purges in one call; each is written to disk before it is answered. */
const maxPurges = 100;

const urls = () => z.array(z.string().min(1).max(8192)).max(maxPurges).default([]);

/** What to take out of the cache; at least one thing. */
export const purgeSchema = z
  .strictObject({
    urls: urls().meta({
      description: 'Single addresses, with their query; http and https alike.',
      examples: [['https://blog.example.com/posts/1']],
    }),
    prefixes: urls().meta({
      description: 'An address and everything below it, by whole path segments.',
      examples: [['https://blog.example.com/posts']],
    }),
    hosts: z.array(z.string().min(1).max(253)).max(maxPurges).default([]),
    tags: z.array(z.string().min(1).max(1024)).max(maxPurges).default([]).meta({
      description: 'Words of Cache-Tag or Surrogate-Key, with which the origin marks its responses.',
    }),
    everything: z.boolean().default(false),
  })
  .refine(
    ({ urls: u, prefixes, hosts, tags, everything }) =>
      everything || u.length + prefixes.length + hosts.length + tags.length > 0,
    { error: 'names nothing to purge; give urls, prefixes, hosts, tags or everything' },
  );

export const cacheOperations = {
  getCacheStatus: operation({
    id: 'getCacheStatus',
    method: 'GET',
    path: '/cache',
    scope: 'status:read',
    summary: 'What the cache does: hits, bytes saved, room taken, by hostname',
    result: cacheStatusSchema,
  }),
  listCached: operation({
    id: 'listCached',
    method: 'GET',
    path: '/cache/responses',
    scope: 'requests:read',
    summary: 'What is in the cache',
    query: z.object({
      ...pageQuery,
      host: z.string().max(253).optional().meta({ description: 'Only this hostname.' }),
      sort: z.enum(cachedOrders).default('newest'),
    }),
    result: pageOf(cachedResponseSchema),
  }),
  purgeCache: operation({
    id: 'purgeCache',
    method: 'POST',
    path: '/cache/purge',
    scope: 'cache:purge',
    summary: 'Take stored responses out of the cache',
    description:
      'In force when it is answered, for what is on its way from the origin, too; it survives a crash of the edge.',
    body: purgeSchema,
    result: z.object({ purged: z.array(z.string()).meta({ description: 'What was asked for, in words.' }) }),
  }),
};
