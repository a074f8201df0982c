// Users, their sessions, and API keys, as those see them who may.
import { z } from 'zod';
import { scopeSchema } from '#model/users/api-key.ts';
import { idSchema, nameSchema, timeSchema } from '#model/names.ts';
import { groupsSchema } from '#model/users/user.ts';
import { roles } from '#model/users/role.ts';
import { sessionViewSchema, userViewSchema } from './account.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';
import { pathText } from './path-text.ts';

const params = z.object({ user: pathText(64).meta({ description: 'Id or name.' }) });

export const apiKeyViewSchema = z
  .object({
    id: idSchema,
    name: nameSchema,
    prefix: z.string(),
    userId: idSchema,
    userName: z.string(),
    scopes: z.array(scopeSchema),
    expiresAtMs: timeSchema.nullable(),
    createdAtMs: timeSchema,
    lastUsedAtMs: timeSchema.nullable(),
    version: z.int(),
  })
  .meta({ id: 'ApiKey' });

/** A browser that is signed in, with whose it is. */
export const visitorSessionViewSchema = sessionViewSchema
  .extend({ userName: z.string() })
  .meta({ id: 'VisitorSession' });

export type VisitorSessionView = z.infer<typeof visitorSessionViewSchema>;

export const trustedAddressViewSchema = z
  .object({
    address: z.string(),
    userName: z.string(),
    /** The session that began there; with it the trust ends. */
    sessionId: idSchema,
    untilMs: timeSchema,
  })
  .meta({ id: 'TrustedAddress' });

export type TrustedAddressView = z.infer<typeof trustedAddressViewSchema>;

const linkSchema = z.object({
  /** Leads to the sign-in page; good once. */
  url: z.string(),
  expiresAtMs: timeSchema,
});

export const userOperations = {
  listUsers: operation({
    id: 'listUsers',
    method: 'GET',
    path: '/users',
    scope: 'users:read',
    summary: 'List users',
    query: z.object(pageQuery),
    result: pageOf(userViewSchema),
  }),
  createUser: operation({
    id: 'createUser',
    method: 'POST',
    path: '/users',
    scope: 'users:write',
    summary: 'Invite a user; answers with a one-time sign-in link',
    body: z.strictObject({
      name: nameSchema,
      email: z.email().max(254).nullable().default(null),
      displayName: z.string().max(100).default(''),
      role: z.enum(roles).default('viewer'),
      groups: groupsSchema.default([]),
      mail: z.boolean().default(false).meta({
        description:
          'Send the invitation to the mail address; for guests and viewers, where edge.yml has a mail server.',
      }),
    }),
    result: z.object({
      user: userViewSchema,
      link: linkSchema,
      isMailed: z.boolean().meta({ description: 'The invitation was handed to the mail server.' }),
    }),
    creates: true,
  }),
  getUser: operation({
    id: 'getUser',
    method: 'GET',
    path: '/users/{user}',
    scope: 'users:read',
    summary: 'Show a user',
    params,
    result: userViewSchema,
    isVersioned: true,
  }),
  updateUser: operation({
    id: 'updateUser',
    method: 'PATCH',
    path: '/users/{user}',
    scope: 'users:write',
    summary: 'Change a user; the last owner stays one',
    params,
    body: z.strictObject({
      name: nameSchema.optional(),
      email: z.email().max(254).nullable().optional(),
      displayName: z.string().max(100).optional(),
      role: z.enum(roles).optional(),
      groups: groupsSchema.optional(),
      isDisabled: z.boolean().optional(),
    }),
    result: userViewSchema,
    isVersioned: true,
  }),
  deleteUser: operation({
    id: 'deleteUser',
    method: 'DELETE',
    path: '/users/{user}',
    scope: 'users:write',
    summary: 'Remove a user with his sessions and API keys',
    params,
    isVersioned: true,
  }),
  createUserLink: operation({
    id: 'createUserLink',
    method: 'POST',
    path: '/users/{user}/link',
    scope: 'users:write',
    summary: 'Make a one-time sign-in link, for somebody who cannot get in',
    params,
    result: linkSchema,
    creates: true,
  }),
  removeUserTotp: operation({
    id: 'removeUserTotp',
    method: 'DELETE',
    path: '/users/{user}/totp',
    scope: 'users:write',
    summary: 'Let a user sign in without codes who has lost his device and his recovery codes',
    params,
    result: userViewSchema,
  }),
  listUserSessions: operation({
    id: 'listUserSessions',
    method: 'GET',
    path: '/users/{user}/sessions',
    scope: 'users:read',
    summary: 'Where a user is signed in',
    params,
    result: z.object({ items: z.array(sessionViewSchema) }),
  }),
  listSessions: operation({
    id: 'listSessions',
    method: 'GET',
    path: '/sessions',
    scope: 'users:read',
    summary: 'Browsers that are signed in, of all users: who, where, since when',
    query: z.object({
      ...pageQuery,
      sort: z.enum(['user', 'address', 'since', 'lastSeen']).default('user'),
      order: z.enum(['asc', 'desc']).default('asc'),
    }),
    result: pageOf(visitorSessionViewSchema),
  }),
  endSession: operation({
    id: 'endSession',
    method: 'DELETE',
    path: '/sessions/{session}',
    scope: 'users:write',
    summary: 'Sign one browser out, at every site',
    params: z.object({ session: pathText(64).meta({ description: 'Its id.' }) }),
  }),
  listTrustedAddresses: operation({
    id: 'listTrustedAddresses',
    method: 'GET',
    path: '/trusted-addresses',
    scope: 'users:read',
    summary: 'Addresses that rules with `address-of` trust, for a day after a sign-in there',
    query: z.object(pageQuery),
    result: pageOf(trustedAddressViewSchema),
  }),
  endUserSessions: operation({
    id: 'endUserSessions',
    method: 'DELETE',
    path: '/users/{user}/sessions',
    scope: 'users:write',
    summary: 'Sign a user out everywhere',
    params,
  }),
  listApiKeys: operation({
    id: 'listApiKeys',
    method: 'GET',
    path: '/api-keys',
    scope: 'self',
    summary: "My API keys, or everybody's for those who may see them",
    query: z.object(pageQuery),
    result: pageOf(apiKeyViewSchema),
  }),
  createApiKey: operation({
    id: 'createApiKey',
    method: 'POST',
    path: '/api-keys',
    scope: 'keys:write',
    summary: 'Create an API key of mine; it is shown once',
    body: z.strictObject({
      name: nameSchema,
      scopes: z.array(scopeSchema).min(1).meta({ description: 'No more than I have.' }),
      user: z
        .string()
        .min(1)
        .max(64)
        .optional()
        .meta({ description: "Id or name; for commands on the edge's own machine, which are nobody." }),
      /** Days until it expires; null never does. */
      days: z.int().min(1).max(3650).nullable().default(90),
    }),
    result: z.object({ apiKey: apiKeyViewSchema, key: z.string() }),
    creates: true,
  }),
  deleteApiKey: operation({
    id: 'deleteApiKey',
    method: 'DELETE',
    path: '/api-keys/{key}',
    scope: 'self',
    summary: 'Revoke an API key: mine, or any for those who may',
    params: z.object({ key: pathText(64).meta({ description: 'Id or name.' }) }),
  }),
};

export type ApiKeyView = z.infer<typeof apiKeyViewSchema>;
