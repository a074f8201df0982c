// The `signIn` section of edge.yml: OpenID Connect issuers that users may sign in with. What an issuer is stands in the
// model, since the control plane works with it; what no single value can show is checked here.
import { z } from 'zod';
import { oidcIssuerSchema } from '#model/access/oidc-issuer.ts';

export const signInSchema = z.strictObject({
  oidc: z
    .array(oidcIssuerSchema)
    .max(20)
    .default([])
    .describe('OpenID Connect issuers that users may sign in with.'),
});

export type SignInConfig = z.output<typeof signInSchema>;

/** Issuers that would not do what they say; `path` is below `signIn`. */
export function signInFaults({ oidc }: SignInConfig): { path: readonly PropertyKey[]; message: string }[] {
  const faults: { path: readonly PropertyKey[]; message: string }[] = [];
  const seen = new Set<string>();
  for (const [i, issuer] of oidc.entries()) {
    for (const key of [issuer.id, issuer.issuer]) {
      if (seen.has(key)) faults.push({ path: ['oidc', i], message: `the issuer ${key} is listed twice` });
      seen.add(key);
    }
    if (issuer.allowNew && issuer.role === undefined && Object.keys(issuer.roles).length === 0) {
      const message = `allowNew lets in whoever ${issuer.name} knows, but nothing says as what; add roles or role`;
      faults.push({ path: ['oidc', i, 'allowNew'], message });
    }
  }
  return faults;
}
