// The whole lab as one file: what `export` writes, `diff` compares and `apply` brings about. It names things by their
// names, not ids, and holds no secrets: a tunnel that does not exist yet is made, and its token shown once.
import { z } from 'zod';
import { accessPolicySchema } from './access/access-policy.ts';
import { hostnamePatternSchema, nameSchema, pathPrefixSchema } from './names.ts';
import { portShape, refinePort } from './port.ts';
import { roles } from './users/role.ts';
import { routeStepsShape } from './routes/route-steps.ts';
import { settingsChangeSchema } from './setting.ts';
import { groupsSchema } from './users/user.ts';
import { tunnelManagement } from './tunnel.ts';

export const labSchema = z.strictObject({
  version: z.literal(1).default(1),
  tunnels: z
    .array(
      z.strictObject({
        name: nameSchema,
        management: z.enum(tunnelManagement).default('remote'),
        hostnames: z.array(hostnamePatternSchema).max(1000).default([]),
        access: accessPolicySchema.default('public'),
        note: z.string().max(500).default(''),
        /** Ingress rules of a remotely managed tunnel, as in config.yml. */
        ingress: z.array(z.record(z.string(), z.json())).max(10_000).optional(),
        originRequest: z.record(z.string(), z.json()).optional(),
      }),
    )
    .max(10_000)
    .default([]),
  routes: z
    .array(
      z.strictObject({
        hostname: hostnamePatternSchema,
        path: pathPrefixSchema.default('/'),
        tunnel: nameSchema,
        access: accessPolicySchema.default('public'),
        isEnabled: z.boolean().default(true),
        note: z.string().max(500).default(''),
        ...routeStepsShape,
      }),
    )
    .max(100_000)
    .default([]),
  ports: z
    .array(
      z
        .strictObject({
          ...portShape,
          tunnel: nameSchema,
          isEnabled: z.boolean().default(true),
          note: z.string().max(500).default(''),
        })
        .superRefine(refinePort),
    )
    .max(10_000)
    .default([]),
  users: z
    .array(
      z.strictObject({
        name: nameSchema,
        email: z.email().nullable().default(null),
        displayName: z.string().max(100).default(''),
        role: z.enum(roles).default('viewer'),
        groups: groupsSchema.default([]),
      }),
    )
    .max(10_000)
    .optional(),
  settings: settingsChangeSchema.optional(),
});

export type Lab = z.infer<typeof labSchema>;

/** One step of a plan. */
export const labStepSchema = z.object({
  action: z.enum(['create', 'change', 'delete', 'keep']),
  noun: z.enum(['tunnel', 'rule-set', 'route', 'port', 'user', 'setting']),
  name: z.string(),
  /** Values that change, as text. */
  changes: z.array(z.object({ key: z.string(), from: z.string().nullable(), to: z.string().nullable() })),
});

export const labPlanSchema = z
  .object({
    revision: z.int(),
    steps: z.array(labStepSchema),
    /** Objects that the file does not have, kept because pruning was not asked for. */
    unlisted: z.array(z.object({ noun: z.string(), name: z.string() })),
    /** Tokens of tunnels that were created by an apply; shown once. */
    tokens: z.array(z.object({ tunnel: z.string(), token: z.string() })),
  })
  .meta({ id: 'LabPlan' });

export type LabStep = z.infer<typeof labStepSchema>;
export type LabPlan = z.infer<typeof labPlanSchema>;
