// Something that is wrong, in words, with its cure. Made anew at each look from what is true at the moment.
import { z } from 'zod';
import { timeSchema } from '../names.ts';
import { severities } from './notification.ts';

export const troubleSchema = z
  .object({
    /** Stable, such as `tunnel:<id>`. */
    id: z.string(),
    severity: z.enum(severities),
    title: z.string(),
    detail: z.string(),
    cure: z.string(),
    sinceMs: timeSchema.nullable(),
    /** Where the dashboard leads: a noun and an id. */
    noun: z.string(),
    objectId: z.string(),
    isEvent: z
      .boolean()
      .optional()
      .meta({ description: 'It has happened, and is shown for a while; nothing of it can be mended.' }),
  })
  .meta({ id: 'Trouble' });

export type Trouble = z.infer<typeof troubleSchema>;
