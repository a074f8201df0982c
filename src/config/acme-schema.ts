// The `acme` section of edge.yml: certificates got by themselves. A file of its own because it has an order of
// preference, short names for well-known authorities, and secrets that stay in files.
import { z } from 'zod';
import { challengeMethods } from '#model/certificates/certificate-record.ts';
import { duration } from './edge-scalars.ts';

/** Authorities by name: their directories, and what browsers and they themselves ask for. */
export const knownAuthorities = {
  letsencrypt: {
    directory: 'https://acme-v02.api.letsencrypt.org/directory',
    staging: 'https://acme-staging-v02.api.letsencrypt.org/directory',
    needsEab: false,
  },
  zerossl: { directory: 'https://acme.zerossl.com/v2/DV90', staging: undefined, needsEab: true },
  google: {
    directory: 'https://dv.acme-v02.api.pki.goog/directory',
    staging: 'https://dv.acme-v02.test-api.pki.goog/directory',
    needsEab: true,
  },
  sslcom: { directory: 'https://acme.ssl.com/sslcom-dv-ecc', staging: undefined, needsEab: true },
} as const satisfies Record<
  string,
  { readonly directory: string; readonly staging: string | undefined; readonly needsEab: boolean }
>;

export type KnownAuthority = keyof typeof knownAuthorities;
const authorityNames = Object.keys(knownAuthorities) as [KnownAuthority, ...KnownAuthority[]];

const authoritySchema = z
  .strictObject({
    name: z
      .enum(authorityNames)
      .optional()
      .describe(`One of ${authorityNames.join(', ')}; or \`directory\`.`),
    directory: z
      .url({ protocol: /^https$/, error: 'must be an https:// URL' })
      .optional()
      .describe('URL of the ACME directory of any other authority.'),
    caFile: z
      .string()
      .min(1)
      .optional()
      .describe("PEM file of the CA behind the authority's own server, where that is no public one."),
    eab: z
      .strictObject({
        kid: z.string().min(1).describe('Key id, from the authority.'),
        hmacKeyFile: z.string().min(1).describe('File with the HMAC key in base64url, from the authority.'),
      })
      .optional()
      .describe('External account binding, for authorities that ask for an account made on their site.'),
    profile: z
      .string()
      .min(1)
      .max(100)
      .optional()
      .describe(
        "A certificate profile that the authority offers, such as `shortlived`; absent = the authority's choice.",
      ),
  })
  .refine(({ name, directory }) => (name === undefined) !== (directory === undefined), {
    error: 'must have either name or directory',
  });

/** The longest that authorities look back when they count an account's orders. */
const keepUnusedMs = 3 * 3_600_000;

/** `acme` in edge.yml; its presence switches ACME on. */
export const acmeSchema = z.strictObject({
  email: z
    .email({ error: 'must be an e-mail address' })
    .optional()
    .describe('Where the authority may write to about the account.'),
  authorities: z
    .array(
      z.union([
        z.enum(authorityNames).transform((name) => ({ name }) as z.output<typeof authoritySchema>),
        authoritySchema,
      ]),
    )
    .min(1)
    .max(10)
    .default([{ name: 'letsencrypt' }])
    .describe(
      'Certificate authorities in order of preference: a name, or an object. When one is away or refuses, the next is asked.',
    ),
  staging: z
    .boolean()
    .default(false)
    .describe(
      "Use the authorities' test systems: nothing counts against limits, and no browser trusts the result.",
    ),
  methods: z
    .array(z.enum(challengeMethods))
    .min(1)
    .default([...challengeMethods])
    .describe('Methods of validation that may be used; which of them is, is decided for each hostname.'),
  wildcards: z
    .boolean()
    .default(false)
    .describe(
      'One wildcard certificate for the hostnames beside each other, where a DNS provider covers them.',
    ),
  namesPerCertificate: z
    .int()
    .min(1)
    .max(100)
    .default(25)
    .describe('Hostnames that share one certificate when many are new at once; 1 keeps every one apart.'),
  onDemand: z
    .boolean()
    .default(true)
    .describe(
      'Hostnames below a wildcard route get a certificate when they are first asked for, a few an hour.',
    ),
  keepUnused: duration()
    .default(keepUnusedMs)
    .describe(
      'How long the certificate, key and order log of a hostname that nobody routes any more stay, sealed and not shown; one that comes back within it costs no order. `0s` deletes at once.',
    ),
  shared: z
    .boolean()
    .default(false)
    .describe(
      'Several edges share `dataDir` and answer for the same hostnames; HTTP-01 is then preferred to TLS-ALPN-01.',
    ),
});

export type AcmeConfig = z.output<typeof acmeSchema>;

/** What no single value can show; each fault with its path below `acme`. */
export function acmeFaults(
  acme: AcmeConfig,
): { readonly path: readonly PropertyKey[]; readonly message: string }[] {
  return acme.authorities.flatMap(({ name, eab }, i) => {
    const path = ['authorities', i];
    if (name === undefined) return [];
    const known = knownAuthorities[name];
    if (acme.staging && known.staging === undefined)
      return [{ path, message: `${name} has no test system; leave it out while staging is on` }];
    if (known.needsEab && eab === undefined)
      return [
        { path, message: `${name} asks for an account made on its site; add eab with kid and hmacKeyFile` },
      ];
    return [];
  });
}
