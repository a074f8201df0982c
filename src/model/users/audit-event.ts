// One change: who, from where, what, from what, to what, when. Written in the same transaction as the change itself.
import { z } from 'zod';
import { idSchema, timeSchema } from '../names.ts';

/** Nouns whose changes are written down. */
export const auditedNouns = [
  'tunnel',
  'route',
  'port',
  'rule-set',
  'user',
  'session',
  'api-key',
  'share-link',
  'page-password',
  'channel',
  'mute',
  'setting',
  'certificate',
  'access-key',
  'zone',
  'record',
  'backup',
  'cache',
  'ban',
] as const;
export type AuditedNoun = (typeof auditedNouns)[number];

/** Who did it. `local`: a command on the edge's own machine; `system`: the edge by itself. */
export const actorSchema = z.strictObject({
  kind: z.enum(['user', 'api-key', 'local', 'system', 'nobody']),
  id: z.string().max(64),
  name: z.string().max(200),
});

export const auditEventSchema = z.strictObject({
  id: idSchema,
  atMs: timeSchema,
  actor: actorSchema,
  /** The client's address, '' for what did not come over the network. */
  address: z.string().max(64),
  /** A verb in the past tense: created, changed, deleted, rotated, signed-in, failed-sign-in ... */
  action: z.string().max(40),
  noun: z.enum(auditedNouns),
  objectId: z.string().max(200),
  /** The longest is a route's: hostname and path. */
  objectName: z.string().max(1_300),
  /** The object without its secrets, null where there was or is none. */
  before: z.json().nullable(),
  after: z.json().nullable(),
  requestId: z.string().max(64),
});

export type Actor = z.infer<typeof actorSchema>;
export type AuditEvent = z.infer<typeof auditEventSchema>;
