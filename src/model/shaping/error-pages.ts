// Pages of the owner's own for errors, by status and by who answered: the edge, or the origin. They stand in the file, or in
// a folder below the edge's data folder; a route names only the folder, so that it can read nothing else.
import { z } from 'zod';

/** A page is one document with its style in it. */
export const maxErrorPageBytes = 65_536;

const statusKey = /^([45]\d\d|[45]xx)$/;

export const errorPagesSchema = z
  .strictObject({
    from: z
      .enum(['any', 'edge', 'origin'])
      .default('any')
      .meta({ description: 'Whose errors: those the edge answers with, those of the origin, or any.' }),
    pages: z
      .record(
        z.string().regex(statusKey, { error: 'must be a status such as 404, 4xx or 5xx' }),
        z.string().min(1).max(maxErrorPageBytes),
      )
      .refine((pages) => Object.keys(pages).length <= 30, { error: 'must be at most 30 pages' })
      .optional()
      .meta({
        description:
          'HTML by status: `404`, `4xx`, `5xx`. `{status}`, `{sentence}`, `{host}` and `{request_id}` are filled in.',
      }),
    folder: z
      .string()
      .max(100)
      .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, { error: 'must be a plain name' })
      .optional()
      .meta({
        description:
          'A folder with `404.html`, `5xx.html` and the like, below `pages` in dataDir; read when the configuration is.',
      }),
  })
  .refine(({ pages, folder }) => pages !== undefined || folder !== undefined, {
    error: 'needs pages or a folder',
  })
  .meta({ description: 'Pages of your own for errors, for visitors who can read HTML.' });

/** As parsed. */
export type ErrorPageSettings = z.output<typeof errorPagesSchema>;

/** The key of a page in a file's name, `404` of `404.html`; undefined for another file. */
export function pageKeyOfFile(name: string): string | undefined {
  const key = name.replace(/\.html$/, '');
  return key !== name && statusKey.test(key) ? key : undefined;
}
