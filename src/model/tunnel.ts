// A tunnel as its owner keeps it: a named identity with its keys. The edge serves from the much smaller TunnelEntry
// (edge-snapshot.ts) that control/snapshot.ts makes of it.
import { z } from 'zod';
import { accessPolicySchema } from './access/access-policy.ts';
import {
  hostnamePatternSchema,
  idSchema,
  nameSchema,
  noteSchema,
  timeSchema,
  versionSchema,
} from './names.ts';

/** Where a tunnel's ingress rules live: in the connector's own file, or at the edge, which pushes them. */
export const tunnelManagement = ['local', 'remote'] as const;

/** A tunnel's public key. Two are valid while a key is being rotated; the secret never leaves its token. */
export const tunnelKeySchema = z.strictObject({
  id: idSchema,
  /** base64 of 32 bytes, raw Ed25519. */
  publicKey: z.string().regex(/^[A-Za-z0-9+/]{43}=$/),
  createdAtMs: timeSchema,
});

export const tunnelSchema = z.strictObject({
  id: idSchema,
  name: nameSchema,
  management: z.enum(tunnelManagement),
  hostnames: z
    .array(hostnamePatternSchema)
    .max(1000)
    .meta({ description: 'Patterns of hostnames that its published rules may claim; each becomes a route.' }),
  access: accessPolicySchema
    .default('public')
    .meta({ description: 'Who may pass the routes that it claims.' }),
  keys: z.array(tunnelKeySchema).max(2).meta({ description: 'The oldest first; two during a rotation.' }),
  note: noteSchema,
  createdAtMs: timeSchema,
  version: versionSchema,
});

export type TunnelKey = z.infer<typeof tunnelKeySchema>;
export type Tunnel = z.infer<typeof tunnelSchema>;
