// What the edge is, how it is, and what has happened: status, traffic, live events, audit, settings, the whole lab, backup.
import { z } from 'zod';
import { auditEventSchema, auditedNouns } from '#model/users/audit-event.ts';
import { healthSchema, partKinds, partStates } from '#model/live/health.ts';
import { labPlanSchema } from '#model/lab.ts';
import { trafficSeriesSchema } from '#model/live/live.ts';
import { timeSchema } from '#model/names.ts';
import { settingsChangeSchema, settingsSchema } from '#model/setting.ts';
import { troubleSchema } from '#model/notifications/trouble.ts';
import { operation } from './operation.ts';
import { logCursorSchema, pageQuery } from './page.ts';

export const statusSchema = z
  .object({
    name: z.string().meta({ description: "The edge's own hostname." }),
    title: z.string(),
    version: z.string(),
    startedAtMs: timeSchema,
    nowMs: timeSchema,
    revision: z.int(),
    store: z.object({ kind: z.enum(['sqlite', 'postgres']), isAvailable: z.boolean(), detail: z.string() }),
    listeners: z.array(z.object({ name: z.string(), isReady: z.boolean(), detail: z.string() })),
    counts: z.object({
      tunnels: z.int(),
      tunnelsUp: z.int(),
      connectors: z.int(),
      connections: z.int(),
      routes: z.int(),
      exposed: z.int(),
    }),
    /** Parts by how they are; getHealth lists them. */
    health: healthSchema.shape.counts,
    memory: z.object({ residentBytes: z.int(), heapBytes: z.int() }),
    /** host:port to which connectors dial. */
    edgeAddress: z.string(),
    troubles: z.array(troubleSchema),
  })
  .meta({ id: 'Status' });

export const statusOperations = {
  getStatus: operation({
    id: 'getStatus',
    method: 'GET',
    path: '/status',
    scope: 'status:read',
    summary: 'How the edge is, and what is wrong on top',
    result: statusSchema,
  }),
  getHealth: operation({
    id: 'getHealth',
    method: 'GET',
    path: '/health',
    scope: 'status:read',
    summary: 'Every part of the edge: how it is, since when, and what to do',
    query: z.object({
      kind: z.enum(partKinds).optional().meta({ description: 'Only parts of this kind.' }),
      state: z.enum(partStates).optional().meta({ description: 'Only parts in this state.' }),
    }),
    result: healthSchema,
  }),
  getTraffic: operation({
    id: 'getTraffic',
    method: 'GET',
    path: '/traffic',
    scope: 'status:read',
    summary: 'Requests, errors, latency and bytes over time',
    query: z.object({ span: z.enum(['5m', '1h', '6h', '48h']).default('1h') }),
    result: trafficSeriesSchema,
  }),
  streamEvents: operation({
    id: 'streamEvents',
    method: 'GET',
    path: '/events',
    scope: 'status:read',
    summary: 'What changes, as it changes: `revision`, `connector`, `traffic`, `trouble`',
    description: 'Each event says what to read again. A comment line comes every 15 s.',
    stream: 'text/event-stream',
  }),
  listAudit: operation({
    id: 'listAudit',
    method: 'GET',
    path: '/audit',
    scope: 'audit:read',
    summary: 'Who changed what, newest first',
    query: z.object({
      limit: pageQuery.limit,
      cursor: logCursorSchema,
      search: pageQuery.search,
      noun: z.enum(auditedNouns).optional(),
      objectId: z.string().max(200).optional(),
      actorId: z.string().max(64).optional(),
      before: z.coerce.number().int().optional(),
      after: z.coerce.number().int().optional(),
    }),
    result: z.object({ items: z.array(auditEventSchema), nextCursor: z.string().nullable() }),
  }),
  getSettings: operation({
    id: 'getSettings',
    method: 'GET',
    path: '/settings',
    scope: 'settings:read',
    summary: 'Settings',
    result: settingsSchema,
  }),
  updateSettings: operation({
    id: 'updateSettings',
    method: 'PATCH',
    path: '/settings',
    scope: 'settings:write',
    summary: 'Change settings',
    body: settingsChangeSchema,
    result: settingsSchema,
  }),
  getOpenApi: operation({
    id: 'getOpenApi',
    method: 'GET',
    path: '/openapi.json',
    scope: 'nobody',
    summary: 'This contract as OpenAPI 3.1',
    result: z.record(z.string(), z.json()),
  }),
  exportLab: operation({
    id: 'exportLab',
    method: 'GET',
    path: '/lab',
    scope: 'lab:apply',
    summary: 'The whole lab as one file (YAML text); it holds no secrets',
    result: z.object({ text: z.string() }),
  }),
  planLab: operation({
    id: 'planLab',
    method: 'POST',
    path: '/lab/plan',
    scope: 'lab:apply',
    summary: 'What applying a lab file would change',
    body: z.strictObject({ text: z.string().max(8 * 1024 * 1024), prune: z.boolean().default(false) }),
    result: labPlanSchema,
  }),
  applyLab: operation({
    id: 'applyLab',
    method: 'POST',
    path: '/lab/apply',
    scope: 'lab:apply',
    summary: 'Apply a lab file, whole or not at all',
    namesRevision: true,
    body: z.strictObject({
      text: z.string().max(8 * 1024 * 1024),
      prune: z.boolean().default(false),
      /** The plan's; refused when the state has changed since. */
      revision: z.int().optional(),
    }),
    result: labPlanSchema,
  }),
  downloadBackup: operation({
    id: 'downloadBackup',
    method: 'GET',
    path: '/backup',
    scope: 'backup:read',
    summary: 'Everything the store holds, in one file for `sallyport restore`',
    stream: 'application/octet-stream',
  }),
};

export type Status = z.infer<typeof statusSchema>;
export type { Trouble } from '#model/notifications/trouble.ts';
