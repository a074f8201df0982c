// Schemas of the small values that many nouns share: ids, names, hostnames, path prefixes, times. Each gives one sentence
// on what is wrong, and the canonical form of what is right.
import { z } from 'zod';
import { parseHostname } from '#base/net/hostname.ts';

/** An id of ours: 128 random bits as a lower-case UUID. */
export const idSchema = z
  .string()
  .regex(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/, { error: 'must be a lower-case UUID' })
  .meta({ description: 'A lower-case UUID.', examples: ['0b9c1a3e-6f1d-4a57-9c58-0d6a1b2c3d4e'] });

/** A name that people give: one word, unique among its kind whatever its case. */
export const nameSchema = z
  .string()
  .regex(/^[a-zA-Z0-9][a-zA-Z0-9._-]{0,63}$/, {
    error: 'must be one word of letters, digits, dots, dashes and underscores, at most 64 characters',
  })
  .meta({ description: 'One word, unique among its kind whatever its case.', examples: ['home'] });

/** `blog.example.com` or `*.example.com`, in canonical form. */
export const hostnamePatternSchema = z
  .string()
  .min(1)
  .max(260)
  .transform((text, context) => {
    const isWildcard = text.startsWith('*.');
    const host = parseHostname(isWildcard ? text.slice(2) : text);
    if (host !== undefined) return isWildcard ? `*.${host}` : host;
    context.addIssue({
      code: 'custom',
      message: 'must be a hostname such as "blog.example.com", or "*." and one',
    });
    return z.NEVER;
  })
  .meta({ description: 'A hostname, or `*.` and a suffix.', examples: ['blog.example.com'] });

/** A path prefix by whole segments; '/' is everything. No query, no dot segments, no escapes that mean a slash. */
export const pathPrefixSchema = z
  .string()
  .max(1024)
  .regex(/^\/([!$&-.0-9:;=@A-Z_a-z~]|%(?!2[fF]|5[cC]|00)[0-9A-Fa-f]{2}|\/(?!\/))*$/, {
    error: 'must be a path that starts with "/", without query, "//" or escaped slashes',
  })
  .refine((text) => !text.split('/').some((segment) => segment === '.' || segment === '..'), {
    error: 'must not contain "." or ".." segments',
  })
  .meta({ description: 'A path prefix by whole segments.', examples: ['/', '/admin'] });

/** Milliseconds since the Unix epoch. */
export const timeSchema = z.int().min(0).meta({ description: 'Milliseconds since 1970-01-01T00:00:00Z.' });

/** Grows by one with every change of an object; the API shows it as its ETag. */
export const versionSchema = z.int().min(1).meta({ description: 'Grows by one with every change.' });

/** A line that the owner writes for himself. */
export const noteSchema = z.string().max(500).default('').meta({ description: 'A note for people.' });
