// The `forwardAuth` section of edge.yml: sites that another proxy serves, and which proxies may ask the edge about them.
import { z } from 'zod';
import { accessPolicySchema } from '#model/access/access-policy.ts';
import { cidr, pattern } from './edge-scalars.ts';

const siteSchema = z.strictObject({
  hostname: pattern().describe('Public hostname at the other proxy, or `*.` and a suffix.'),
  path: z
    .string()
    .startsWith('/', { error: 'must start with "/"' })
    .default('/')
    .describe('Path prefix, by whole segments; paths of a listed hostname that are below none are refused.'),
  access: accessPolicySchema.describe(
    'Who may pass; rules about client certificates and the mesh open nothing here.',
  ),
  port: z
    .int()
    .min(1)
    .max(65_535)
    .default(443)
    .describe('The https port under which visitors know the site.'),
});

export const forwardAuthSchema = z.strictObject({
  from: z
    .array(cidr())
    .min(1)
    .max(1000)
    .describe('Addresses of the proxies that may ask, as the edge sees them; all others are refused.'),
  sites: z.array(siteSchema).min(1).max(10_000).describe('What they may ask about.'),
});

/** Sites that are listed twice, by their place in the list. */
export function forwardAuthFaults({ sites }: z.output<typeof forwardAuthSchema>): {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}[] {
  const seen = new Set<string>();
  return sites.flatMap(({ hostname, path }, i) => {
    const name = `${hostname}${path}`;
    const isFirst = !seen.has(name);
    seen.add(name);
    return isFirst ? [] : [{ path: ['sites', i], message: `the site ${name} is listed twice` }];
  });
}
