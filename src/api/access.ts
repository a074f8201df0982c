// What opens protected routes beside users and API keys: share links.
import { z } from 'zod';
import { longestShareDays, maxShareUses, shareLinkSchema } from '#model/share-link.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';
import { pathText } from './path-text.ts';

export const shareLinkViewSchema = shareLinkSchema
  .extend({
    /** `used-up`: as many browsers have opened it as may. */
    state: z.enum(['good', 'used-up', 'expired']),
  })
  .meta({ id: 'ShareLink' });

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
