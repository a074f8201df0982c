// Bans of the guard: who is kept out, why and until when, and letting somebody in again.
import { z } from 'zod';
import { banSchema } from '#model/ban.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';

export const banOperations = {
  listBans: operation({
    id: 'listBans',
    method: 'GET',
    path: '/bans',
    scope: 'requests:read',
    summary: 'Clients that the guard of routes keeps out, the newest first',
    query: z.object({ ...pageQuery }),
    result: pageOf(banSchema),
  }),
  liftBans: operation({
    id: 'liftBans',
    method: 'POST',
    path: '/bans/lift',
    scope: 'routes:write',
    summary: 'Let banned clients in again',
    description: 'In force when it is answered; what was counted against them is forgotten.',
    body: z.strictObject({
      clients: z
        .array(z.string().min(1).max(64))
        .min(1)
        .max(1000)
        .meta({ description: 'Addresses; of IPv6 any address of the /64.', examples: [['192.0.2.7']] }),
    }),
    result: z.object({
      lifted: z.array(z.string()).meta({ description: 'Those that were banned.' }),
    }),
  }),
};
