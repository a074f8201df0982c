// An OpenID Connect issuer that users may sign in with (Authentik, Keycloak, Authelia, Google ...), and what its word is
// worth here. Declared in edge.yml, since whoever sets it decides who gets in.
import { z } from 'zod';
import { type Role, roles } from '../users/role.ts';

/** Loopback may do without TLS, for tests and for an issuer on the edge's own machine. */
function isIssuerUrl(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { protocol, hostname, search, hash } = new URL(text);
  const isLoopback = /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
  return search === '' && hash === '' && (protocol === 'https:' || (protocol === 'http:' && isLoopback));
}

export const oidcIssuerSchema = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9][a-z0-9-]{0,31}$/, {
      error: 'must be one word of lower-case letters, digits and dashes',
    })
    .describe('Part of the callback address: `https://<dashboard>/api/v1/sign-in/oidc/<id>/callback`.'),
  name: z.string().min(1).max(60).describe('Shown on the button.'),
  issuer: z
    .string()
    .max(500)
    .refine(isIssuerUrl, { error: 'must be an https address, as the issuer writes it of itself' })
    .describe('The issuer, exactly as it writes itself; `/.well-known/openid-configuration` is below it.'),
  clientId: z.string().min(1).max(500).describe('What the issuer calls this edge.'),
  clientSecretFile: z
    .string()
    .min(1)
    .optional()
    .describe('File with the client secret; absent for a public client. Read at each sign-in.'),
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]+$/, { error: 'must be a scope without spaces' }))
    .max(20)
    .default(['openid', 'profile', 'email'])
    .describe('What is asked for; `openid` always is.'),
  groupsClaim: z
    .string()
    .min(1)
    .max(200)
    .default('groups')
    .describe('Claim with the groups of a user; dots lead into objects, such as `realm_access.roles`.'),
  roles: z
    .record(z.string().min(1).max(200), z.enum(roles))
    .default({})
    .describe('Group to role; the highest counts, anew at each sign-in. Empty: roles are given here.'),
  role: z
    .enum(roles)
    .optional()
    .describe('Role of whoever is in none of these groups; absent: he is not let in.'),
  allowNew: z
    .boolean()
    .default(false)
    .describe('Whoever the issuer knows becomes a user here, with the role above.'),
  linkByMail: z
    .boolean()
    .default(false)
    .describe(
      'A user whose mail address an owner wrote down is whoever has it verified at the issuer. Only for one that you run.',
    ),
});

export type OidcIssuer = z.output<typeof oidcIssuerSchema>;

/** The highest role that groups give, else the issuer's own; undefined when none does. */
export function roleOfGroups(
  { roles: byGroup, role }: Pick<OidcIssuer, 'roles' | 'role'>,
  groups: readonly string[],
): Role | undefined {
  const given = new Set(groups.map((group) => (Object.hasOwn(byGroup, group) ? byGroup[group] : undefined)));
  return roles.find((each) => given.has(each)) ?? role;
}
