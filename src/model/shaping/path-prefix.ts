// A service that stands below a path of the public hostname, or the other way round: which prefix is taken off the path on
// the way to the origin, which is put before it, and what of the origin's answers is put right on the way back.
import { z } from 'zod';
import { parseHostname } from '#base/net/hostname.ts';
import { prefixSetting } from './scalars.ts';

export const pathPrefixStepSchema = z
  .strictObject({
    strip: prefixSetting().optional().meta({
      description:
        'Taken off the path, by whole segments; the origin learns it as X-Forwarded-Prefix. The bare prefix is sent to the one with a slash.',
    }),
    add: prefixSetting().optional().meta({
      description: 'Put before the path; together with `strip` one prefix takes the place of another.',
    }),
    cookieDomain: z
      .string()
      .refine((text) => text === 'host' || text === 'keep' || parseHostname(text) !== undefined, {
        error: 'must be "host", "keep" or a domain',
      })
      .optional()
      .meta({
        description:
          'Domain of the cookies that the origin sets: `host` for this hostname only, `keep` as it is, or another. Absent: kept where a browser would take it, else this hostname only.',
      }),
  })
  .refine(({ strip, add }) => strip !== undefined || add !== undefined, {
    error: 'needs strip, add or both',
  })
  .meta({ description: 'Prefixes taken off the path, or put before it, on the way to the origin.' });

/** As parsed. */
export type PathPrefixSettings = z.output<typeof pathPrefixStepSchema>;
