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
  keyDays: z
    .int()
    .min(2)
    .max(3_650)
    .default(90)
    .describe(
      'Days after which the keys that sign cookies and assertions are exchanged; a day before, the next are published.',
    ),
  authorities: z
    .array(
      z.strictObject({
        name: z
          .string()
          .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, { error: 'must be a lower-case name such as "home"' })
          .describe('What rules call it: `certificate:NAME`.'),
        file: z.string().min(1).describe("PEM file: the certificates that sign clients' certificates."),
        crl: z
          .string()
          .min(1)
          .optional()
          .describe(
            'List of revoked certificates (PEM or DER) that one of them has signed; one that has run out lets nobody through.',
          ),
      }),
    )
    .max(100)
    .default([])
    .describe('Authorities of client certificates; files are loaded again when they change.'),
});

export type AccessConfig = z.output<typeof accessSchema>;

/** The section with paths that lead somewhere from any folder. */
export function withAbsoluteAccessPaths(
  access: AccessConfig,
  absolute: (path: string) => string,
): AccessConfig {
  return {
    ...access,
    countries: access.countries && absolute(access.countries),
    authorities: access.authorities.map(({ file, crl, ...rest }) => ({
      ...rest,
      file: absolute(file),
      ...(crl === undefined ? {} : { crl: absolute(crl) }),
    })),
  };
}
