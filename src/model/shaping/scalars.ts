// Single values that several steps of a route take: how each is written, and the sentence that refuses what cannot be used.
import { z } from 'zod';
import { parseDuration } from '#base/text/duration.ts';
import { parseSize } from '#base/text/size.ts';

const durationText = 'must be a duration longer than nothing, such as "30s" or "1h30m"';
const sizeText = 'must be a size of at least one byte, such as "10MiB"';

/** A duration as people write it; zero is none. */
export const durationSetting = () =>
  z
    .string({ error: durationText })
    .refine((text) => (parseDuration(text) ?? 0) > 0, { error: durationText })
    .meta({ examples: ['30s'] });

/** A size as people write it; zero is none. */
export const sizeSetting = () =>
  z
    .string({ error: sizeText })
    .refine((text) => (parseSize(text) ?? 0) > 0, { error: sizeText })
    .meta({ examples: ['10MiB'] });

/** A path prefix of whole segments, without a slash at its end. */
export const prefixSetting = () =>
  z
    .string()
    .max(500)
    .regex(/^(\/(?!\.{1,2}(\/|$))[A-Za-z0-9._~!$&'()*+,;=:@-]+)+$/, {
      error: 'must be a path such as "/blog": plain segments, no slash at the end',
    });
