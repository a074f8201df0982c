// The keys with which the edge signs cookies of sites and what it tells origins.
import { z } from 'zod';
import { timeSchema } from '#model/names.ts';
import { operation } from './operation.ts';

const accessKeyViewSchema = z
  .object({
    use: z.enum(['sign-in', 'ES256', 'RS256']).meta({
      description: '`sign-in` signs cookies, hand-overs and share links; the others sign assertions.',
    }),
    /** The `kid` of an assertion's key. */
    id: z.string(),
    madeAtMs: timeSchema,
    signsFromMs: timeSchema,
    /** Null for the last of its kind. */
    signsUntilMs: timeSchema.nullable(),
    state: z.enum(['next', 'signs', 'old', 'links-only']).meta({
      description:
        '`next`: published, and signs later; `old`: what it signed is still taken; `links-only`: of that only share links.',
    }),
  })
  .meta({ id: 'AccessKey' });

const listSchema = z.object({ keys: z.array(accessKeyViewSchema) });

export type AccessKeyView = z.infer<typeof accessKeyViewSchema>;

export const accessKeyOperations = {
  listAccessKeys: operation({
    id: 'listAccessKeys',
    method: 'GET',
    path: '/access-keys',
    scope: 'settings:read',
    summary: 'List the keys that sign cookies and assertions, without the secrets',
    result: listSchema,
  }),
  rotateAccessKeys: operation({
    id: 'rotateAccessKeys',
    method: 'POST',
    path: '/access-keys/rotate',
    scope: 'settings:write',
    summary: 'Make new keys',
    description:
      'They are published now and sign in a day, at every edge of the store; what the old ones signed stays good for its time. With `atOnce` the old ones are worth nothing from this moment: for keys that were stolen. Everybody signs in again then, and share links must be made anew.',
    body: z.strictObject({ atOnce: z.boolean().default(false) }),
    result: listSchema,
  }),
};
