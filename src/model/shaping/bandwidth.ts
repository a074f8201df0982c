// How many bytes a second a route may move, so that one big download leaves something of a home's uplink to the others.
import { z } from 'zod';
import { parseSize } from '#base/text/size.ts';

/** A chunk off the wire has up to 256 KiB; below this rate it would take longer than clients wait. */
const minBytesPerSecond = 16 * 1024;
const rateText = 'must be bytes a second, such as "2MiB", and at least "16KiB"';
const rate = () =>
  z
    .string({ error: rateText })
    .refine((text) => (parseSize(text) ?? 0) >= minBytesPerSecond, { error: rateText });

export const bandwidthSchema = z
  .strictObject({
    down: rate().optional().meta({ description: 'Bytes a second to visitors, such as `2MiB`.' }),
    up: rate().optional().meta({ description: 'Bytes a second from visitors.' }),
    per: z.enum(['request', 'client', 'route']).default('client').meta({
      description: 'For each request, for all of a client address, or for the whole route together.',
    }),
  })
  .refine(({ down, up }) => down !== undefined || up !== undefined, { error: 'needs down, up or both' })
  .meta({ description: 'Bytes a second that the route may move.' });

/** As parsed. */
export type BandwidthSettings = z.output<typeof bandwidthSchema>;
