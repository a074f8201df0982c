// A key for programs. The key itself is shown once; kept are its first characters, to know it again, and its SHA-256
// (a key has 256 random bits, so that a slow hash would guard nothing).
import { z } from 'zod';
import { idSchema, nameSchema, timeSchema, versionSchema } from '../names.ts';
import { allScopes, type Scope } from './role.ts';

export const scopeSchema = z.enum(allScopes as [Scope, ...Scope[]]);

export const apiKeySchema = z.strictObject({
  id: idSchema,
  name: nameSchema,
  /** `sp_` and eight characters. */
  prefix: z.string().max(20),
  /** base64url of the SHA-256 of the whole key. */
  hash: z.string().length(43),
  /** Whose it is; it never may more than he, and goes with him. */
  userId: idSchema,
  scopes: z.array(scopeSchema).min(1),
  expiresAtMs: timeSchema.nullable(),
  createdAtMs: timeSchema,
  version: versionSchema,
});

export type ApiKey = z.infer<typeof apiKeySchema>;
