// Lists come in pages: `items`, and a cursor for the next ones as long as there are any.
import { z } from 'zod';

/** What every list takes. */
export const pageQuery = {
  limit: z.coerce.number().int().min(1).max(500).default(100).meta({ description: 'Items a page.' }),
  cursor: z.string().max(500).optional().meta({ description: '`nextCursor` of the page before.' }),
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
