// The `access` section of edge.yml: what the edge needs beside the policies of its routes to tell who somebody is.
import { z } from 'zod';

export const accessSchema = z.strictObject({
  countries: z
    .string()
    .min(1)
    .optional()
    .describe(
      'Database of countries in the MMDB format, for rules by country; it is loaded again when it changes. Without a good one such rules let nobody through.',
    ),
});

export type AccessConfig = z.output<typeof accessSchema>;

/** The section with paths that lead somewhere from any folder. */
export function withAbsoluteAccessPaths(
  access: AccessConfig,
  absolute: (path: string) => string,
): AccessConfig {
  return { ...access, countries: access.countries && absolute(access.countries) };
}
