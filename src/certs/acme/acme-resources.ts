// What an authority answers (RFC 8555 section 7.1), checked at the border: the members we use and nothing else.
import { z } from 'zod';

/** Where the authority's services are (section 7.1.1), and what it tells of itself. */
export const directorySchema = z.object({
  newNonce: z.url(),
  newAccount: z.url(),
  newOrder: z.url(),
  revokeCert: z.url().optional(),
  /** RFC 9773 section 3. */
  renewalInfo: z.url().optional(),
  meta: z
    .object({
      termsOfService: z.string().optional(),
      externalAccountRequired: z.boolean().optional(),
      /** Name to description (draft-ietf-acme-profiles). */
      profiles: z.record(z.string(), z.string()).optional(),
    })
    .optional(),
});
export type Directory = z.output<typeof directorySchema>;

const identifierSchema = z.object({ type: z.string(), value: z.string() });

/** An order (section 7.1.3). */
export const orderSchema = z.object({
  status: z.enum(['pending', 'ready', 'processing', 'valid', 'invalid']),
  identifiers: z.array(identifierSchema),
  authorizations: z.array(z.url()),
  finalize: z.url(),
  certificate: z.url().optional(),
  error: z.unknown().optional(),
});
export type OrderResource = z.output<typeof orderSchema>;

/** A challenge; kinds that we do not know have no token. */
export const challengeSchema = z.object({
  type: z.string(),
  url: z.url(),
  status: z.enum(['pending', 'processing', 'valid', 'invalid']),
  /** At least 128 bits, base64url (section 8.1); it becomes part of a path. */
  token: z
    .string()
    .regex(/^[A-Za-z0-9_-]{16,256}$/)
    .optional(),
  error: z.unknown().optional(),
});
export type ChallengeResource = z.output<typeof challengeSchema>;

/** An authorization (section 7.1.4). */
export const authorizationSchema = z.object({
  status: z.enum(['pending', 'valid', 'invalid', 'deactivated', 'expired', 'revoked']),
  identifier: identifierSchema,
  wildcard: z.boolean().optional(),
  challenges: z.array(challengeSchema),
});
export type AuthorizationResource = z.output<typeof authorizationSchema>;

/** When the authority would like a certificate to be renewed (RFC 9773 section 4.2). */
export const renewalInfoSchema = z.object({
  suggestedWindow: z.object({
    start: z.iso.datetime({ offset: true }),
    end: z.iso.datetime({ offset: true }),
  }),
  explanationURL: z.string().optional(),
});
export type RenewalInfoResource = z.output<typeof renewalInfoSchema>;
