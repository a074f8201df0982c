// A person with an account at the edge, and the ways in which he proves to be himself. Secrets stand here only as hashes
// or sealed; what the API shows is `PublicUser` (api/users.ts), which has none of them.
import { z } from 'zod';
import { idSchema, nameSchema, timeSchema, versionSchema } from '../names.ts';
import { roles } from './role.ts';

/** A WebAuthn credential (a passkey). */
export const passkeySchema = z.strictObject({
  /** base64url of the credential id. */
  id: z.string().min(1).max(2048),
  /** base64url of the COSE public key. */
  publicKey: z.string().min(1).max(4096),
  counter: z.int().min(0),
  transports: z.array(z.string().max(32)).max(10),
  name: z.string().min(1).max(100),
  createdAtMs: timeSchema,
  lastUsedAtMs: timeSchema.nullable(),
});

/** The account of an OpenID Connect issuer that signs in as this user. */
export const identitySchema = z.strictObject({
  issuer: z.url().max(500),
  subject: z.string().min(1).max(255),
});

/** Groups of a user, as `group:` subjects name them. */
export const groupsSchema = z
  .array(z.string().regex(/^[^\s,][^,\r\n\0]{0,253}$/, { error: 'must be a group without commas' }))
  .max(200);

export const userSchema = z.strictObject({
  id: idSchema,
  /** What he types to sign in. */
  name: nameSchema,
  email: z.email().max(254).nullable(),
  /** Somebody who may change users wrote the address down; only such a one links an issuer's account. */
  isEmailVouched: z.boolean().default(false),
  displayName: z.string().max(100),
  role: z.enum(roles),
  /** Groups that access policies name (`group:family`): an owner gives them, or an issuer at each sign-in. */
  groups: groupsSchema.default([]),
  isDisabled: z.boolean(),
  /** argon2id in PHC form, null without a password. */
  passwordHash: z.string().max(500).nullable(),
  passkeys: z.array(passkeySchema).max(20),
  /** Sealed TOTP secret (control/seal.ts), null without one. */
  totpSecret: z.string().max(500).nullable(),
  /** Last accepted TOTP step, so that a code counts once. */
  totpLastStep: z.int().min(0),
  /** base64url of the SHA-256 of each recovery code (80 random bits) that has not been used. */
  recoveryCodes: z.array(z.string().length(43)).max(10).default([]),
  identities: z.array(identitySchema).max(10),
  createdAtMs: timeSchema,
  version: versionSchema,
});

export type Passkey = z.infer<typeof passkeySchema>;
export type Identity = z.infer<typeof identitySchema>;
export type User = z.infer<typeof userSchema>;
