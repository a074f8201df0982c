// Ports: TCP, UDP and TLS by server name, passed through to services at home.
import { z } from 'zod';
import { noteSchema } from '#model/names.ts';
import { portSchema, portShape, refinePort } from '#model/port.ts';
import { portLiveSchema } from '#model/live/port-live.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';
import { pathText } from './path-text.ts';

const params = z.object({
  port: pathText(300).meta({ description: 'Id, or a name such as `tcp:5432` or `tls:nas.example.com`.' }),
});

/** Where a port comes from: the owner's hand, or edge.yml. */
export const portSources = ['store', 'file'] as const;

export const portViewSchema = z
  .object({
    ...portSchema.shape,
    ...portLiveSchema.shape,
    /** A file's is `file:` and its name. */
    id: z.string(),
    source: z.enum(portSources),
    tunnelName: z.string(),
    /** The service at home that it reaches, '' while nobody knows. */
    service: z.string(),
    status: z.enum(['up', 'down', 'disabled', 'no-rule', 'closed']),
  })
  .meta({ id: 'Port' });

const service = z
  .string()
  .max(2000)
  .meta({
    description: 'As in an ingress rule: `tcp://localhost:5432`, `udp://localhost:53`.',
    examples: ['tcp://localhost:5432'],
  });
const tunnel = z.string().min(1).max(100).meta({ description: 'Id or name.' });

export const portOperations = {
  listPorts: operation({
    id: 'listPorts',
    method: 'GET',
    path: '/ports',
    scope: 'routes:read',
    summary: 'List ports',
    query: z.object({ ...pageQuery }),
    result: pageOf(portViewSchema),
  }),
  createPort: operation({
    id: 'createPort',
    method: 'POST',
    path: '/ports',
    scope: 'routes:write',
    summary: 'Open a port',
    description:
      'In force at once. With `service`, and a remotely managed tunnel, the ingress rule for its hostname is added with it.',
    body: z
      .strictObject({
        ...portShape,
        tunnel,
        service: service.optional(),
        note: noteSchema,
        isEnabled: z.boolean().default(true),
      })
      .superRefine(refinePort),
    result: portViewSchema,
    creates: true,
  }),
  getPort: operation({
    id: 'getPort',
    method: 'GET',
    path: '/ports/{port}',
    scope: 'routes:read',
    summary: 'Show a port',
    params,
    result: portViewSchema,
    isVersioned: true,
  }),
  updatePort: operation({
    id: 'updatePort',
    method: 'PATCH',
    path: '/ports/{port}',
    scope: 'routes:write',
    summary: 'Change a port',
    params,
    body: z.strictObject({
      port: z.int().min(0).max(65_535).optional(),
      address: portShape.address.unwrap().optional(),
      hostname: portShape.hostname.optional(),
      tunnel: tunnel.optional(),
      service: service.optional(),
      proxyProtocol: portShape.proxyProtocol.unwrap().optional(),
      from: portShape.from.unwrap().optional(),
      /** Null: the default of its protocol. */
      idleSeconds: portShape.idleSeconds.unwrap().nullable().optional(),
      maxConnections: portShape.maxConnections.unwrap().optional(),
      maxPerAddress: portShape.maxPerAddress.unwrap().optional(),
      note: z.string().max(500).optional(),
      isEnabled: z.boolean().optional(),
    }),
    result: portViewSchema,
    isVersioned: true,
  }),
  deletePort: operation({
    id: 'deletePort',
    method: 'DELETE',
    path: '/ports/{port}',
    scope: 'routes:write',
    summary: 'Close a port, cut its connections, and remove the ingress rule that came with it',
    params,
    isVersioned: true,
  }),
};

export type PortView = z.infer<typeof portViewSchema>;
