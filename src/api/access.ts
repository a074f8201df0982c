// What opens protected routes beside users and API keys: share links and page passwords.
import { z } from 'zod';
import { timeSchema } from '#model/names.ts';
import {
  longestPagePassword,
  pagePasswordNameSchema,
  shortestPagePassword,
} from '#model/access/page-password.ts';
import { longestShareDays, maxShareUses, shareLinkSchema } from '#model/access/share-link.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';
import { pathText } from './path-text.ts';

export const shareLinkViewSchema = shareLinkSchema
  .extend({
    /** `used-up`: as many browsers have opened it as may. */
    state: z.enum(['good', 'used-up', 'expired']),
  })
  .meta({ id: 'ShareLink' });

export const pagePasswordViewSchema = z
  .object({
    name: pagePasswordNameSchema,
    createdAtMs: timeSchema,
    version: z.int(),
    /** Routes whose policy names it. */
    routes: z.array(z.string()),
  })
  .meta({ id: 'PagePassword' });

const passwordParams = z.object({ password: pathText(64).meta({ description: 'Its name.' }) });

export const pagePasswordOperations = {
  listPagePasswords: operation({
    id: 'listPagePasswords',
    method: 'GET',
    path: '/page-passwords',
    scope: 'routes:read',
    summary: 'List page passwords, without the passwords',
    query: z.object(pageQuery),
    result: pageOf(pagePasswordViewSchema),
  }),
  setPagePassword: operation({
    id: 'setPagePassword',
    method: 'PUT',
    path: '/page-passwords/{password}',
    scope: 'routes:write',
    summary: 'Set a page password, new or another one',
    description: 'Policies name it by `password:NAME`. Whom the one before let in must give the new one.',
    params: z.object({ password: pagePasswordNameSchema }),
    body: z.strictObject({
      password: z
        .string()
        .min(shortestPagePassword, { error: `must have at least ${shortestPagePassword} characters` })
        .max(longestPagePassword),
    }),
    result: pagePasswordViewSchema,
  }),
  deletePagePassword: operation({
    id: 'deletePagePassword',
    method: 'DELETE',
    path: '/page-passwords/{password}',
    scope: 'routes:write',
    summary: 'Remove a page password, and end what it has let in',
    params: passwordParams,
  }),
};

export type PagePasswordView = z.infer<typeof pagePasswordViewSchema>;

export const accessOperations = {
  listShareLinks: operation({
    id: 'listShareLinks',
    method: 'GET',
    path: '/share-links',
    scope: 'routes:read',
    summary: 'List share links',
    query: z.object(pageQuery),
    result: pageOf(shareLinkViewSchema),
  }),
  createShareLink: operation({
    id: 'createShareLink',
    method: 'POST',
    path: '/share-links',
    scope: 'routes:write',
    summary: 'Make a link that opens a path of a protected site',
    description: "The route's policy must have a rule for `link`. The link itself is shown once.",
    body: z.strictObject({
      url: z
        .string()
        .min(1)
        .max(2_000)
        .meta({ examples: ['https://photos.example.com/album'] }),
      days: z.int().min(1).max(longestShareDays).default(7).meta({ description: 'Days until it runs out.' }),
      uses: z.int().min(1).max(maxShareUses).nullable().default(null).meta({
        description: 'Browsers that may open it; null for as many as like.',
      }),
      note: z.string().max(500).default(''),
    }),
    result: z.object({
      link: shareLinkViewSchema,
      /** What is handed out. */
      url: z.string(),
    }),
    creates: true,
  }),
  deleteShareLink: operation({
    id: 'deleteShareLink',
    method: 'DELETE',
    path: '/share-links/{link}',
    scope: 'routes:write',
    summary: 'Revoke a share link, and end what it has let in',
    params: z.object({ link: pathText(64).meta({ description: 'Its id.' }) }),
  }),
};

export type ShareLinkView = z.infer<typeof shareLinkViewSchema>;
