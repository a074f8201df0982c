// How often a route may be asked, by one client or by all together: buckets of tokens that fill at a steady rate, so that a
// burst passes and a flood does not.
import { z } from 'zod';
import { durationSetting } from './scalars.ts';

const rateLimitSchema = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,50}$/, { error: 'must be a plain name' })
    .default('default')
    .meta({ description: 'What answers call it in RateLimit-Policy.' }),
  per: z.enum(['client', 'route']).default('client').meta({
    description: 'Counted for each client address (IPv6: each /64), or for the whole route.',
  }),
  requests: z.int().min(1).max(1_000_000).meta({ description: 'How many in a window.' }),
  window: durationSetting().default('1m').meta({ description: 'How long it takes to get them all back.' }),
  burst: z
    .int()
    .min(1)
    .max(1_000_000)
    .optional()
    .meta({ description: 'How many at once; as many as in a window if absent.' }),
  paths: z
    .array(z.string().min(1).max(500))
    .max(50)
    .optional()
    .meta({ description: 'Only these; `*` stands for any characters.' }),
  methods: z
    .array(z.string().regex(/^[A-Z]{1,20}$/, { error: 'must be a method such as POST' }))
    .max(20)
    .optional()
    .meta({ description: 'Only these methods.' }),
});

export const rateLimitsSchema = z
  .array(rateLimitSchema)
  .max(10)
  .meta({ description: 'How often the route may be asked; more is answered 429 with Retry-After.' });

/** As parsed. */
export type RateLimitSettings = z.output<typeof rateLimitsSchema>;
export type RateLimitRule = RateLimitSettings[number];
