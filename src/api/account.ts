// Signing in, and everything about oneself: the one part of the API that is open to nobody in particular.
import { z } from 'zod';
import { idSchema, nameSchema, timeSchema } from '#model/names.ts';
import { allScopes, roles } from '#model/users/role.ts';
import { signInMethods } from '#model/users/session.ts';
import { operation, redirection } from './operation.ts';
import { pathText } from './path-text.ts';

/** A user as the API shows him: no hash, no secret, no key. */
export const userViewSchema = z
  .object({
    id: idSchema,
    name: nameSchema,
    email: z.string().nullable(),
    displayName: z.string(),
    role: z.enum(roles),
    groups: z.array(z.string()),
    isDisabled: z.boolean(),
    hasPassword: z.boolean(),
    hasTotp: z.boolean(),
    recoveryCodesLeft: z.int().min(0),
    passkeys: z.int().min(0),
    identities: z.array(z.object({ issuer: z.string(), subject: z.string() })),
    lastSeenAtMs: timeSchema.nullable(),
    createdAtMs: timeSchema,
    version: z.int(),
  })
  .meta({ id: 'User' });

export const sessionViewSchema = z
  .object({
    id: idSchema,
    userId: idSchema,
    method: z.enum(signInMethods),
    address: z.string(),
    userAgent: z.string(),
    createdAtMs: timeSchema,
    lastSeenAtMs: timeSchema,
    expiresAtMs: timeSchema,
    isCurrent: z.boolean(),
  })
  .meta({ id: 'Session' });

export const passkeyViewSchema = z
  .object({
    id: z.string(),
    name: z.string(),
    createdAtMs: timeSchema,
    lastUsedAtMs: timeSchema.nullable(),
  })
  .meta({ id: 'Passkey' });

/** Long enough to be worth guessing at, and no other rule (NIST SP 800-63B, 5.1.1). */
const newPasswordSchema = z.string().min(12, { error: 'must have at least 12 characters' }).max(256);

/** JSON of the WebAuthn API (options and answers), checked by its library, not here. */
const webauthnSchema = z.record(z.string(), z.json());

export const signInResultSchema = z
  .object({
    /** `totp`: the password was right and a code is still wanted; send it with the same body. */
    state: z.enum(['signed-in', 'totp']),
    user: userViewSchema.nullable(),
  })
  .meta({ id: 'SignIn' });

export const meSchema = z
  .object({
    user: userViewSchema.nullable(),
    /** Present for API keys and local commands, which are no user. */
    actor: z.object({ kind: z.string(), id: z.string(), name: z.string() }),
    scopes: z.array(z.enum(allScopes as [string, ...string[]])),
    /** Name of the edge, shown with every change so that nobody changes the wrong one. */
    edge: z.object({ name: z.string(), title: z.string(), version: z.string() }),
  })
  .meta({ id: 'Me' });

/** Why signing in with an issuer did not work: the word behind `error=` when the browser comes back to the dashboard. */
export const issuerErrors = {
  'too-late': 'Signing in took too long, or was begun in another browser; try again.',
  'too-many': 'Too many attempts to sign in; wait a minute and try again.',
  unreachable: 'The issuer cannot be reached or gives no usable answer; the log of the edge tells more.',
  refused: 'The issuer did not sign you in; the log of the edge tells more.',
  'no-account':
    'Nobody here is linked with this account; ask an owner to invite you, then link it under "Account".',
  'no-role': 'Your groups give you no role here; ask whoever keeps them.',
  disabled: 'This user is disabled; ask an owner.',
  taken: 'This account of the issuer is linked with another user.',
  internal: 'The edge has a fault; its log tells more.',
} as const;

export type IssuerError = keyof typeof issuerErrors;

const issuerParams = z.object({
  issuer: pathText(64).meta({ description: 'Its id in edge.yml.' }),
});

/** A path of the dashboard: it starts with one slash and has no backslash, so that it leads nowhere else. */
const returnToSchema = z
  .string()
  .max(4_000)
  .regex(/^\/(?![/\\])[^\\\s#]*$/);

export const accountOperations = {
  getSignInMethods: operation({
    id: 'getSignInMethods',
    method: 'GET',
    path: '/sign-in',
    scope: 'nobody',
    summary: 'Ways to sign in here',
    result: z.object({
      title: z.string(),
      colour: z.string().meta({ description: "Of buttons and links; empty for the edge's own." }),
      logo: z.string().meta({ description: 'A `data:` URL; empty for none.' }),
      methods: z.array(z.enum(signInMethods)),
      issuers: z.array(z.object({ id: z.string(), name: z.string() })),
      /** No owner exists yet: the one-time link that the edge printed is the way in. */
      isNew: z.boolean(),
    }),
  }),
  signInWithPassword: operation({
    id: 'signInWithPassword',
    method: 'POST',
    path: '/sign-in/password',
    scope: 'nobody',
    summary: 'Sign in with name and password, and a code where one is set up',
    description: 'The answer to a wrong name and to a wrong password is the same, and takes as long.',
    body: z.strictObject({
      name: z.string().min(1).max(254).meta({ description: 'Name or mail address.' }),
      password: z.string().min(1).max(256),
      totp: z.string().max(40).optional().meta({ description: 'The code of the app, or a recovery code.' }),
    }),
    result: signInResultSchema,
  }),
  startPasskeySignIn: operation({
    id: 'startPasskeySignIn',
    method: 'POST',
    path: '/sign-in/passkey/start',
    scope: 'nobody',
    summary: 'Options for the browser to sign in with a passkey',
    result: z.object({ ticket: z.string(), options: webauthnSchema }),
  }),
  finishPasskeySignIn: operation({
    id: 'finishPasskeySignIn',
    method: 'POST',
    path: '/sign-in/passkey/finish',
    scope: 'nobody',
    summary: 'Sign in with what the passkey signed',
    body: z.strictObject({ ticket: z.string().max(100), response: webauthnSchema }),
    result: signInResultSchema,
  }),
  signInWithLink: operation({
    id: 'signInWithLink',
    method: 'POST',
    path: '/sign-in/link',
    scope: 'nobody',
    summary: 'Sign in with a one-time link',
    body: z.strictObject({ token: z.string().min(1).max(200) }),
    result: signInResultSchema,
  }),
  startIssuerSignIn: redirection({
    id: 'startIssuerSignIn',
    method: 'GET',
    path: '/sign-in/oidc/{issuer}',
    scope: 'nobody',
    summary: 'Lead the browser to an OpenID Connect issuer',
    description: 'With `link`, the account there becomes a way in for the user who has signed in here.',
    params: issuerParams,
    query: z.object({
      returnTo: returnToSchema.optional().meta({ description: 'Path of the dashboard to come back to.' }),
      link: z.literal('true').optional(),
    }),
  }),
  finishIssuerSignIn: redirection({
    id: 'finishIssuerSignIn',
    method: 'GET',
    path: '/sign-in/oidc/{issuer}/callback',
    scope: 'nobody',
    summary: 'Where the issuer leads the browser back to',
    params: issuerParams,
    query: z.record(z.string().max(100), z.string().max(8_000)),
    isLedTo: true,
  }),
  signOut: operation({
    id: 'signOut',
    method: 'POST',
    path: '/sign-out',
    scope: 'self',
    summary: 'End this session',
  }),
  getMe: operation({
    id: 'getMe',
    method: 'GET',
    path: '/me',
    scope: 'self',
    summary: 'Who I am and what I may do',
    result: meSchema,
  }),
  updateMe: operation({
    id: 'updateMe',
    method: 'PATCH',
    path: '/me',
    scope: 'self',
    summary: 'Change my name or address',
    body: z.strictObject({
      displayName: z.string().max(100).optional(),
      email: z.email().max(254).nullable().optional(),
    }),
    result: userViewSchema,
  }),
  setPassword: operation({
    id: 'setPassword',
    method: 'PUT',
    path: '/me/password',
    scope: 'self',
    summary: 'Set or change my password; other sessions of mine end',
    body: z.strictObject({
      current: z.string().max(256).optional().meta({ description: 'Needed when there is one.' }),
      password: newPasswordSchema,
    }),
    result: userViewSchema,
  }),
  removePassword: operation({
    id: 'removePassword',
    method: 'DELETE',
    path: '/me/password',
    scope: 'self',
    summary: 'Sign in without a password from now on; needs a passkey or an issuer',
    result: userViewSchema,
  }),
  startPasskey: operation({
    id: 'startPasskey',
    method: 'POST',
    path: '/me/passkeys/start',
    scope: 'self',
    summary: 'Options for the browser to make a passkey',
    result: z.object({ ticket: z.string(), options: webauthnSchema }),
  }),
  finishPasskey: operation({
    id: 'finishPasskey',
    method: 'POST',
    path: '/me/passkeys/finish',
    scope: 'self',
    summary: 'Keep a new passkey',
    body: z.strictObject({
      ticket: z.string().max(100),
      name: z.string().min(1).max(100),
      response: webauthnSchema,
    }),
    result: passkeyViewSchema,
    creates: true,
  }),
  listPasskeys: operation({
    id: 'listPasskeys',
    method: 'GET',
    path: '/me/passkeys',
    scope: 'self',
    summary: 'My passkeys',
    result: z.object({ items: z.array(passkeyViewSchema) }),
  }),
  deletePasskey: operation({
    id: 'deletePasskey',
    method: 'DELETE',
    path: '/me/passkeys/{passkey}',
    scope: 'self',
    summary: 'Remove a passkey',
    params: z.object({ passkey: pathText(2048) }),
  }),
  startTotp: operation({
    id: 'startTotp',
    method: 'POST',
    path: '/me/totp/start',
    scope: 'self',
    summary: 'A new secret for codes (RFC 6238); it counts once it is confirmed',
    result: z.object({ ticket: z.string(), secret: z.string(), uri: z.string() }),
  }),
  confirmTotp: operation({
    id: 'confirmTotp',
    method: 'POST',
    path: '/me/totp/confirm',
    scope: 'self',
    summary: 'Confirm the secret with a code; answers with recovery codes, which are shown once',
    body: z.strictObject({ ticket: z.string().max(100), code: z.string().max(20) }),
    result: z.object({ user: userViewSchema, recoveryCodes: z.array(z.string()) }),
  }),
  renewRecoveryCodes: operation({
    id: 'renewRecoveryCodes',
    method: 'POST',
    path: '/me/totp/recovery-codes',
    scope: 'self',
    summary: 'New recovery codes; the old ones count no more',
    body: z.strictObject({ code: z.string().max(20) }),
    result: z.object({ user: userViewSchema, recoveryCodes: z.array(z.string()) }),
  }),
  removeTotp: operation({
    id: 'removeTotp',
    method: 'POST',
    path: '/me/totp/remove',
    scope: 'self',
    summary: 'Sign in without codes from now on',
    body: z.strictObject({
      code: z.string().max(40).meta({ description: 'The code of the app, or a recovery code.' }),
    }),
    result: userViewSchema,
  }),
  removeIdentity: operation({
    id: 'removeIdentity',
    method: 'POST',
    path: '/me/identities/remove',
    scope: 'self',
    summary: 'Sign in with this account of an issuer no more',
    body: z.strictObject({ issuer: z.string().max(500), subject: z.string().max(255) }),
    result: userViewSchema,
  }),
  listMySessions: operation({
    id: 'listMySessions',
    method: 'GET',
    path: '/me/sessions',
    scope: 'self',
    summary: 'Where I am signed in',
    result: z.object({ items: z.array(sessionViewSchema) }),
  }),
  endMySession: operation({
    id: 'endMySession',
    method: 'DELETE',
    path: '/me/sessions/{session}',
    scope: 'self',
    summary: 'End one of my sessions; `others` ends all but this one',
    params: z.object({ session: pathText(64) }),
  }),
};

export type UserView = z.infer<typeof userViewSchema>;
export type SessionView = z.infer<typeof sessionViewSchema>;
export type Me = z.infer<typeof meSchema>;
