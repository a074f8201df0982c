// Tunnels, their keys and rules, and the connectors that run them.
import { z } from 'zod';
import { accessPolicySchema } from '#model/access/access-policy.ts';
import { connectorSchema, disconnectSchema } from '#model/live/live.ts';
import { hostnamePatternSchema, idSchema, nameSchema, noteSchema, timeSchema } from '#model/names.ts';
import { ruleSetLimitBytes } from '#model/ingress/rule-set.ts';
import { tunnelManagement, tunnelSchema } from '#model/tunnel.ts';
import { operation } from './operation.ts';
import { flagSchema, pageOf, pageQuery } from './page.ts';
import { pathText } from './path-text.ts';

/** A tunnel is named in a path by its id or its name, which edge.yml may make 100 characters long. */
const params = z.object({ tunnel: pathText(100).meta({ description: 'Id or name.' }) });

export const tunnelStatuses = ['healthy', 'degraded', 'down', 'never-connected'] as const;

export const tunnelViewSchema = tunnelSchema
  .extend({
    /** `file`: declared in edge.yml, and changed there. */
    declaredIn: z.enum(['store', 'file']),
    status: z.enum(tunnelStatuses),
    /** Why it is not healthy, and what to do; '' when it is. */
    trouble: z.string(),
    connectors: z.int().min(0),
    connections: z.int().min(0),
    routes: z.int().min(0),
    rulesVersion: z.int().min(0).meta({ description: 'Of its rule set; 0 for local tunnels.' }),
    lastSeenAtMs: timeSchema.nullable(),
  })
  .meta({ id: 'Tunnel' });

export const connectorViewSchema = connectorSchema
  .extend({ tunnelId: idSchema, tunnelName: z.string() })
  .meta({ id: 'Connector' });

/** Shown once. */
const issuedTokenSchema = z.object({
  token: z.string().meta({ description: 'For `tunnel run --token`; it is not shown again.' }),
  keyId: idSchema,
});

export const rotationSchema = z
  .object({
    /** `idle`: one key; `moving`: two, and connectors move to the new one; `ready`: all have moved. */
    state: z.enum(['idle', 'moving', 'ready']),
    startedAtMs: timeSchema.nullable(),
    oldKeyId: idSchema.nullable(),
    newKeyId: idSchema.nullable(),
    connectors: z.array(
      z.object({
        instanceId: z.string(),
        hostname: z.string(),
        address: z.string(),
        usesNewKey: z.boolean(),
      }),
    ),
  })
  .meta({ id: 'Rotation' });

export const ruleSetViewSchema = z
  .object({
    tunnelId: idSchema,
    management: z.enum(tunnelManagement),
    version: z.int().min(0),
    /** YAML as in config.yml. Of a local tunnel: what its connectors publish, written out. */
    text: z.string(),
    rules: z.array(
      z.object({ hostname: z.string(), path: z.string(), service: z.string(), line: z.int().nullable() }),
    ),
    warnings: z.array(z.string()),
    /** What each connector runs. */
    connectors: z.array(
      z.object({
        instanceId: z.string(),
        hostname: z.string(),
        version: z.int().min(0),
        state: z.enum(['current', 'pending', 'refused', 'unsupported', 'local']),
        detail: z.string(),
      }),
    ),
  })
  .meta({ id: 'RuleSet' });

export const tunnelOperations = {
  listTunnels: operation({
    id: 'listTunnels',
    method: 'GET',
    path: '/tunnels',
    scope: 'tunnels:read',
    summary: 'List tunnels',
    query: z.object({
      ...pageQuery,
      status: z.enum(tunnelStatuses).optional(),
      sort: z.enum(['name', 'createdAt', 'connections', 'status']).default('name'),
      order: z.enum(['asc', 'desc']).default('asc'),
    }),
    result: pageOf(tunnelViewSchema),
  }),
  createTunnel: operation({
    id: 'createTunnel',
    method: 'POST',
    path: '/tunnels',
    scope: 'tunnels:write',
    summary: 'Create a tunnel',
    description: 'Answers with its token, once: the edge keeps public keys only.',
    body: z.strictObject({
      name: nameSchema,
      management: z.enum(tunnelManagement).default('remote'),
      hostnames: z.array(hostnamePatternSchema).max(1000).default([]),
      access: accessPolicySchema.default('public'),
      note: noteSchema,
      /** A key made elsewhere (`tunnel create` at home): no token is made. */
      publicKey: z
        .string()
        .regex(/^[A-Za-z0-9+/]{43}=$/)
        .optional(),
      id: idSchema.optional(),
    }),
    result: z.object({ tunnel: tunnelViewSchema, token: z.string().nullable(), keyId: idSchema }),
    creates: true,
  }),
  getTunnel: operation({
    id: 'getTunnel',
    method: 'GET',
    path: '/tunnels/{tunnel}',
    scope: 'tunnels:read',
    summary: 'Show a tunnel',
    params,
    result: tunnelViewSchema,
    isVersioned: true,
  }),
  updateTunnel: operation({
    id: 'updateTunnel',
    method: 'PATCH',
    path: '/tunnels/{tunnel}',
    scope: 'tunnels:write',
    summary: 'Change a tunnel',
    params,
    body: z.strictObject({
      name: nameSchema.optional(),
      hostnames: z.array(hostnamePatternSchema).max(1000).optional(),
      access: accessPolicySchema.optional(),
      note: z.string().max(500).optional(),
      management: z.enum(tunnelManagement).optional(),
    }),
    result: tunnelViewSchema,
    isVersioned: true,
  }),
  deleteTunnel: operation({
    id: 'deleteTunnel',
    method: 'DELETE',
    path: '/tunnels/{tunnel}',
    scope: 'tunnels:write',
    summary: 'Delete a tunnel',
    description: 'Refused with what depends on it (routes, live connectors) unless `force`.',
    params,
    query: z.object({ force: flagSchema }),
    isVersioned: true,
  }),
  listTunnelConnectors: operation({
    id: 'listTunnelConnectors',
    method: 'GET',
    path: '/tunnels/{tunnel}/connectors',
    scope: 'tunnels:read',
    summary: 'Connectors that run a tunnel, and why the last ones went away',
    params,
    result: z.object({ items: z.array(connectorViewSchema), disconnects: z.array(disconnectSchema) }),
  }),
  cleanupTunnel: operation({
    id: 'cleanupTunnel',
    method: 'POST',
    path: '/tunnels/{tunnel}/cleanup',
    scope: 'tunnels:write',
    summary: 'End connections of a tunnel; connectors that are still there come back',
    params,
    body: z.strictObject({
      /** One connector only. */
      instanceId: idSchema.optional(),
      how: z.enum(['drain', 'close']).default('drain'),
    }),
    result: z.object({ connections: z.int().min(0) }),
  }),
  startRotation: operation({
    id: 'startRotation',
    method: 'POST',
    path: '/tunnels/{tunnel}/rotation',
    scope: 'tunnels:write',
    summary: 'Make a second key; both are valid until the rotation ends',
    params,
    result: issuedTokenSchema,
    creates: true,
  }),
  getRotation: operation({
    id: 'getRotation',
    method: 'GET',
    path: '/tunnels/{tunnel}/rotation',
    scope: 'tunnels:read',
    summary: 'Which connectors have moved to the new key',
    params,
    result: rotationSchema,
  }),
  finishRotation: operation({
    id: 'finishRotation',
    method: 'POST',
    path: '/tunnels/{tunnel}/rotation/finish',
    scope: 'tunnels:write',
    summary: 'Revoke the old key',
    description: 'Refused while connectors still use it, unless `force`.',
    params,
    body: z.strictObject({ force: z.boolean().default(false) }),
    result: tunnelViewSchema,
  }),
  abortRotation: operation({
    id: 'abortRotation',
    method: 'DELETE',
    path: '/tunnels/{tunnel}/rotation',
    scope: 'tunnels:write',
    summary: 'Revoke the new key and stay with the old one',
    params,
    result: tunnelViewSchema,
  }),
  revokeTunnel: operation({
    id: 'revokeTunnel',
    method: 'POST',
    path: '/tunnels/{tunnel}/revoke',
    scope: 'tunnels:write',
    summary: 'Revoke every key at once and make a new one',
    description: 'Live connections end within a second. Answers with a new token, once.',
    params,
    result: issuedTokenSchema,
    creates: true,
  }),
  getRules: operation({
    id: 'getRules',
    method: 'GET',
    path: '/tunnels/{tunnel}/rules',
    scope: 'tunnels:read',
    summary: 'Ingress rules of a tunnel',
    params,
    result: ruleSetViewSchema,
    isVersioned: true,
  }),
  putRules: operation({
    id: 'putRules',
    method: 'PUT',
    path: '/tunnels/{tunnel}/rules',
    scope: 'tunnels:write',
    summary: 'Replace the ingress rules of a remotely managed tunnel',
    description: 'Checked first; faults come back with their lines and nothing is changed.',
    params,
    body: z.strictObject({ text: z.string().max(ruleSetLimitBytes) }),
    result: ruleSetViewSchema,
    isVersioned: true,
  }),
  listConnectors: operation({
    id: 'listConnectors',
    method: 'GET',
    path: '/connectors',
    scope: 'tunnels:read',
    summary: 'Every connector that is connected now',
    query: z.object(pageQuery),
    result: pageOf(connectorViewSchema),
  }),
};

export type TunnelView = z.infer<typeof tunnelViewSchema>;
export type ConnectorView = z.infer<typeof connectorViewSchema>;
export type Rotation = z.infer<typeof rotationSchema>;
export type RuleSetView = z.infer<typeof ruleSetViewSchema>;
