// Lists come in pages: `items`, and a cursor for the next ones as long as there are any.
import { z } from 'zod';

/** Where a page of a list begins that is sorted anew for each answer. */
const placePattern = /^at-\d{1,9}$/;
const notACursor = 'is no cursor of this list; leave it out to begin at the top';

/** The cursor of a log: what its pages end with is a number of the log's own. */
export const logCursorSchema = z
  .string()
  .regex(/^\d{1,15}$/, { error: notACursor })
  .optional()
  .meta({ description: '`nextCursor` of the page before.' });

/** A switch in the query, `?force=true`. */
export const flagSchema = z
  .stringbool({ truthy: ['true'], falsy: ['false'], error: 'must be "true" or "false"' })
  .default(false)
  .meta({ enum: ['true', 'false'] });

/** What every list takes. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(100).meta({ description: 'Items a page.' }),
  cursor: z
    .string()
    .regex(placePattern, { error: notACursor })
    .optional()
    .meta({ description: '`nextCursor` of the page before.' }),
  search: z
    .string()
    .max(200)
    .optional()
    .meta({ description: 'Text that a name or another value shown must contain.' }),
};

/** A page of `item`. */
export function pageOf<T extends z.ZodType>(item: T) {
  return z.object({
    items: z.array(item),
    nextCursor: z.string().nullable(),
    total: z.int().min(0).meta({ description: 'Items in all pages.' }),
  });
}

export const emptyQuery = z.object({});
