// The question "would this user, from this address, get /admin?", and its answer: what access decides, without a request.
import { z } from 'zod';
import type { DirectoryUser } from './access-state.ts';

/** As it is asked; what is left out is not known, or nobody. */
export const accessTestBodySchema = z.strictObject({
  url: z
    .string()
    .min(1)
    .max(8192)
    .meta({ examples: ['https://photos.example.com/admin'] }),
  method: z
    .string()
    .regex(/^[A-Z-]{1,32}$/, { error: 'must be a method such as "GET"' })
    .default('GET'),
  user: z
    .string()
    .min(1)
    .max(254)
    .optional()
    .meta({ description: 'Id, name or mail address of who has signed in.' }),
  token: z.string().min(1).max(64).optional().meta({ description: 'Name of a service token that it holds.' }),
  address: z.string().max(64).default('').meta({ description: 'Where it comes from.' }),
  country: z
    .string()
    .regex(/^[A-Z]{2}$/, { error: 'must be a country code such as "DE"' })
    .optional()
    .meta({ description: 'Country of the address; without one as the database of the edge has it.' }),
  mesh: z
    .string()
    .min(1)
    .max(254)
    .optional()
    .meta({ description: 'As this node of the mesh: `laptop`, `tag:ci` or `user:ada`.' }),
  certificate: z
    .string()
    .min(1)
    .max(300)
    .optional()
    .meta({ description: 'With a client certificate that may be called so: `home` or `home/cn=laptop`.' }),
  link: z.boolean().default(false).meta({ description: 'Whether it holds a share link for the URL.' }),
  password: z
    .string()
    .min(1)
    .max(64)
    .optional()
    .meta({ description: 'Name of a page password that it has given.' }),
  atMs: z.int().min(0).optional().meta({ description: 'At this time; now without one.' }),
});

/** As the edge is asked: with the user himself. */
export type AccessTest = Omit<z.infer<typeof accessTestBodySchema>, 'user'> & {
  readonly user: Omit<DirectoryUser, 'id'> | undefined;
};

export const accessTestResultSchema = z
  .object({
    verdict: z.enum(['allow', 'deny', 'sign-in']),
    /** Number of the rule that decided, from 1; 0 for none. */
    rule: z.int(),
    /** Its subject that matched, '' for none. */
    by: z.string(),
    reason: z.string(),
    /** The route, by hostname and path. */
    route: z.string(),
    /** Canonical path of the URL. */
    path: z.string(),
    /** First words of the subjects that some rule lets through: `group`, `token`, `link`. */
    takes: z.array(z.string()),
    /** Its policy in a few words. */
    policy: z.string(),
    /** What its rules ask that the edge cannot tell, each with its cure. */
    lacks: z.array(z.string()),
    /** What the presets of its policy let pass without a sign-in, each in a line. */
    opens: z.array(z.string()),
    /** All of it in one sentence. */
    sentence: z.string(),
  })
  .meta({ id: 'AccessTestResult' });

export type AccessTestResult = z.infer<typeof accessTestResultSchema>;
