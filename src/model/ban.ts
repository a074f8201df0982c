// A client that the guard keeps out for a while: who, why, and until when. In memory of the edge; a restart forgets it.
import { z } from 'zod';

export const banSchema = z
  .object({
    /** An IPv4 address, or an IPv6 /64 such as `2001:db8:0:0::/64`. */
    client: z.string(),
    /** The last thing that it was refused for. */
    why: z.string(),
    sinceMs: z.int(),
    untilMs: z.int(),
  })
  .meta({ id: 'Ban' });

export type BanView = z.infer<typeof banSchema>;
