// A browser that has signed in. Kept in the store by the SHA-256 of its cookie; what changes often (last seen) is not
// part of the control state and makes no audit row.
import { z } from 'zod';
import { idSchema, timeSchema } from '../names.ts';

/** How somebody signed in. */
export const signInMethods = ['password', 'passkey', 'link', 'oidc', 'mail'] as const;

export const sessionSchema = z.strictObject({
  /** For people and the API; says nothing about the cookie. */
  id: idSchema,
  /** base64url of the SHA-256 of the cookie's value. */
  hash: z.string().length(43),
  userId: idSchema,
  method: z.enum(signInMethods),
  address: z.string().max(64),
  userAgent: z.string().max(300),
  createdAtMs: timeSchema,
  lastSeenAtMs: timeSchema,
  expiresAtMs: timeSchema,
});

export type SignInMethod = (typeof signInMethods)[number];
export type Session = z.infer<typeof sessionSchema>;
