// A route that is being worked on: everybody gets 503 and a page that says so, but for the addresses that are let through.
import { z } from 'zod';
import { isPrefix } from '#base/net/ip.ts';
import { durationSetting } from './scalars.ts';

export const maintenanceSchema = z
  .strictObject({
    message: z
      .string()
      .min(1)
      .max(500)
      .default('The site is being worked on and will be back soon.')
      .meta({ description: 'What visitors read.' }),
    retryAfter: durationSetting()
      .default('5m')
      .meta({ description: 'When programs and search engines should ask again (Retry-After).' }),
    allow: z
      .array(
        z.string().refine(isPrefix, { error: 'must be an address or a prefix such as "192.168.0.0/16"' }),
      )
      .max(100)
      .default([])
      .meta({ description: 'Addresses that see the site as ever.' }),
  })
  .meta({ description: 'Answers 503 with a page; take the key away when the work is done.' });

/** As parsed. */
export type MaintenanceSettings = z.output<typeof maintenanceSchema>;
