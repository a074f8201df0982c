// Routes, and what the public can reach through them.
import { z } from 'zod';
import { accessPolicySchema } from '#model/access/access-policy.ts';
import { accessTestBodySchema, accessTestResultSchema } from '#model/access/access-test.ts';
import { explanationSchema } from '#model/live/explain.ts';
import { memberLiveSchema } from '#model/routes/balance-policy.ts';
import { hostnamePatternSchema, noteSchema, pathPrefixSchema } from '#model/names.ts';
import { routeSchema } from '#model/routes/route.ts';
import { changedStepsShape, routeStepsShape } from '#model/routes/route-steps.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';
import { pathText } from './path-text.ts';

const params = z.object({
  route: pathText(1300).meta({ description: 'Id, or hostname and path.' }),
});

/** Where a route comes from: the owner's hand, edge.yml, or a hostname that a connector published. */
export const routeSources = ['store', 'file', 'claim'] as const;

export const routeViewSchema = routeSchema
  .omit({ id: true })
  .extend({
    /** A claim's is made of its hostname, `claim:blog.example.com`; a file's `file:` and its name. */
    id: z.string(),
    source: z.enum(routeSources),
    tunnelName: z.string(),
    /** The service at home that a request to the route's hostname and path reaches, '' while nobody knows. */
    service: z.string(),
    status: z.enum(['up', 'down', 'disabled', 'no-rule']),
    trouble: z.string(),
    members: z.array(memberLiveSchema).optional().meta({ description: 'Of a route with several services.' }),
    requests: z.int().min(0).meta({ description: 'Since the edge started.' }),
  })
  .meta({ id: 'Route' });

/** One line of "what is open?". */
export const exposureSchema = z
  .object({
    hostname: z.string(),
    path: z.string(),
    url: z.string(),
    /** Who may, in a few words; `public`: anybody. */
    access: z.string(),
    /** A warning in words, such as an admin interface that anybody can reach. */
    warning: z.string(),
    tunnelId: z.string(),
    tunnelName: z.string(),
    service: z.string(),
    source: z.enum([...routeSources, 'edge']),
    isUp: z.boolean(),
    certificate: z.object({
      state: z.enum(['good', 'expiring', 'bad', 'missing', 'internal']),
      detail: z.string(),
      expiresAtMs: z.int().nullable(),
    }),
    dns: z.object({
      state: z.enum(['good', 'pending', 'conflict', 'failed', 'unmanaged']),
      detail: z.string(),
    }),
  })
  .meta({ id: 'Exposure' });

/** A port that is open to the world. */
export const exposedPortSchema = z
  .object({
    /** `tcp:5432`, `tls:nas.example.com`. */
    name: z.string(),
    /** Who may connect: `public`, or addresses. */
    access: z.string(),
    /** A warning in words, such as a database that anybody can reach. */
    warning: z.string(),
    tunnelId: z.string(),
    tunnelName: z.string(),
    service: z.string(),
    source: z.enum(['store', 'file']),
    isUp: z.boolean(),
  })
  .meta({ id: 'ExposedPort' });

export type ExposedPort = z.infer<typeof exposedPortSchema>;

export const routeOperations = {
  listRoutes: operation({
    id: 'listRoutes',
    method: 'GET',
    path: '/routes',
    scope: 'routes:read',
    summary: 'List routes',
    query: z.object({
      ...pageQuery,
      tunnel: z.string().max(100).optional().meta({ description: 'Id or name of its tunnel.' }),
      source: z.enum(routeSources).optional(),
      sort: z.enum(['hostname', 'tunnel', 'createdAt', 'requests']).default('hostname'),
      order: z.enum(['asc', 'desc']).default('asc'),
    }),
    result: pageOf(routeViewSchema),
  }),
  createRoute: operation({
    id: 'createRoute',
    method: 'POST',
    path: '/routes',
    scope: 'routes:write',
    summary: 'Add a route',
    description: 'With `service`, and a remotely managed tunnel, the ingress rule is added with it.',
    body: z.strictObject({
      hostname: hostnamePatternSchema,
      path: pathPrefixSchema.default('/'),
      tunnel: z.string().min(1).max(100).meta({ description: 'Id or name.' }),
      service: z
        .string()
        .max(2000)
        .optional()
        .meta({
          description: 'As in an ingress rule: `http://localhost:3000`.',
          examples: ['http://localhost:3000'],
        }),
      access: accessPolicySchema.default('public'),
      note: noteSchema,
      isEnabled: z.boolean().default(true),
      ...routeStepsShape,
    }),
    result: routeViewSchema,
    creates: true,
  }),
  getRoute: operation({
    id: 'getRoute',
    method: 'GET',
    path: '/routes/{route}',
    scope: 'routes:read',
    summary: 'Show a route',
    params,
    result: routeViewSchema,
    isVersioned: true,
  }),
  updateRoute: operation({
    id: 'updateRoute',
    method: 'PATCH',
    path: '/routes/{route}',
    scope: 'routes:write',
    summary: 'Change a route',
    params,
    body: z.strictObject({
      hostname: hostnamePatternSchema.optional(),
      path: pathPrefixSchema.optional(),
      tunnel: z.string().min(1).max(100).optional(),
      service: z.string().max(2000).optional(),
      access: accessPolicySchema.optional(),
      note: z.string().max(500).optional(),
      isEnabled: z.boolean().optional(),
      /** Null: as a route without a word about it. */
      ...changedStepsShape,
    }),
    result: routeViewSchema,
    isVersioned: true,
  }),
  deleteRoute: operation({
    id: 'deleteRoute',
    method: 'DELETE',
    path: '/routes/{route}',
    scope: 'routes:write',
    summary: 'Remove a route, and the ingress rule that came with it',
    params,
    isVersioned: true,
  }),
  listExposed: operation({
    id: 'listExposed',
    method: 'GET',
    path: '/exposed',
    scope: 'status:read',
    summary: 'Everything the public can reach right now',
    query: z.object({ search: pageQuery.search }),
    result: z.object({
      items: z.array(exposureSchema),
      ports: z
        .array(exposedPortSchema)
        .meta({ description: 'TCP, UDP and TLS ports that take connections.' }),
    }),
  }),
  recogniseRoute: operation({
    id: 'recogniseRoute',
    method: 'POST',
    path: '/routes/{route}/recognise',
    scope: 'routes:write',
    summary: 'Look at what a public route answers, and say whether it is an administration page',
    description:
      'The edge asks for the first page of a public route, and knows products by their answers; it also does so by itself.',
    params,
    result: z.object({
      product: z.string().nullable().meta({ description: 'Null: none that is known, or not public.' }),
      warning: z.string().meta({ description: "In words, with its cure; '' where there is none." }),
    }),
  }),
  testAccess: operation({
    id: 'testAccess',
    method: 'POST',
    path: '/access/test',
    scope: 'routes:read',
    summary: 'Would this user, from this address, get there? Decides without a request',
    body: accessTestBodySchema,
    result: accessTestResultSchema,
  }),
  explain: operation({
    id: 'explain',
    method: 'POST',
    path: '/explain',
    scope: 'status:read',
    summary: 'Follow a URL from its name to its origin, or a port to its service, and say where it stops',
    body: z.strictObject({
      url: z
        .string()
        .min(1)
        .max(8192)
        .meta({
          description: 'A web address, or a port such as `tcp:5432` or `tls:nas.example.com`.',
          examples: ['https://blog.example.com/'],
        }),
      method: z.enum(['GET', 'HEAD']).default('GET'),
    }),
    result: explanationSchema,
  }),
};

export type RouteView = z.infer<typeof routeViewSchema>;
export type Exposure = z.infer<typeof exposureSchema>;
