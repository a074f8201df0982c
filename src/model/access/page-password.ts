// A password (or PIN) that opens pages to whoever knows it, without being anybody: a policy names it by `password:NAME`.
import { z } from 'zod';
import { idSchema, timeSchema, versionSchema } from '../names.ts';

export const pagePasswordNameSchema = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._@+-]{0,63}$/, {
    error: 'must be one word of lower-case letters, digits and ._@+-, at most 64 characters',
  })
  .meta({ description: 'As policies name it.', examples: ['door'] });

export const pagePasswordSchema = z.strictObject({
  id: idSchema,
  name: pagePasswordNameSchema,
  /** argon2id in PHC form (base/secrets/password-hash.ts). */
  hash: z.string().max(300),
  createdAtMs: timeSchema,
  version: versionSchema,
});

export type PagePassword = z.infer<typeof pagePasswordSchema>;

/** Page passwords of one edge. */
export const maxPagePasswords = 1_000;
/** A PIN of four digits is guessed in weeks at the rate that is let through; the documentation says to take six. */
export const shortestPagePassword = 4;
export const longestPagePassword = 256;
