// DNS: the zones that the edge manages, the hostnames that it looks after, plans, and the proof that a hostname works.
import { z } from 'zod';
import {
  dnsPlanSchema,
  dnsSetUpSchema,
  nameStates,
  nameViewSchema,
  recordOwners,
  recordViewSchema,
  zoneViewSchema,
} from '#model/dns/dns-view.ts';
import { proofSchema, proofStages } from '#model/dns/hostname-proof.ts';
import { hostnamePatternSchema, timeSchema } from '#model/names.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';

const params = z.object({
  zone: z
    .string()
    .min(1)
    .max(253)
    .meta({ examples: ['example.com'] }),
});

/** A hostname's view with the name of its tunnel. */
export const shownNameSchema = nameViewSchema
  .extend({ tunnelName: z.string().meta({ description: "'' for the edge's own name." }) })
  .meta({ id: 'ShownName' });

export const dnsOperations = {
  listZones: operation({
    id: 'listZones',
    method: 'GET',
    path: '/dns/zones',
    scope: 'dns:read',
    summary: 'Zones that the edge manages, and how it does so',
    result: z.object({
      setUp: dnsSetUpSchema.nullable().meta({ description: 'null where edge.yml has no dns section.' }),
      items: z.array(zoneViewSchema),
    }),
  }),
  listZoneRecords: operation({
    id: 'listZoneRecords',
    method: 'GET',
    path: '/dns/zones/{zone}/records',
    scope: 'dns:read',
    summary: 'Every record of a zone, and whose it is',
    params,
    query: z.object({ ...pageQuery, owner: z.enum(recordOwners).optional() }),
    result: pageOf(recordViewSchema).extend({ readAtMs: timeSchema.nullable() }),
  }),
  exportZone: operation({
    id: 'exportZone',
    method: 'GET',
    path: '/dns/zones/{zone}/export',
    scope: 'dns:read',
    summary: 'A zone as a master file (RFC 1035)',
    params,
    result: z.object({ text: z.string() }),
  }),
  listNames: operation({
    id: 'listNames',
    method: 'GET',
    path: '/dns/names',
    scope: 'dns:read',
    summary: 'Hostnames of the edge, and how far their records are',
    query: z.object({ ...pageQuery, state: z.enum(nameStates).optional() }),
    result: pageOf(shownNameSchema),
  }),
  planDns: operation({
    id: 'planDns',
    method: 'POST',
    isOptional: true,
    path: '/dns/plan',
    scope: 'dns:read',
    summary: 'What the edge would change now',
    description: 'Asks every provider. The edge does the same by itself within a second of each change.',
    result: dnsPlanSchema,
  }),
  applyDns: operation({
    id: 'applyDns',
    method: 'POST',
    isOptional: true,
    path: '/dns/apply',
    scope: 'dns:write',
    summary: 'Look at every zone now, and change what is to be changed',
    description: 'Only records that carry the marker of this edge are ever changed or removed.',
    result: dnsPlanSchema,
  }),
  proveHostname: operation({
    id: 'proveHostname',
    method: 'POST',
    path: '/dns/prove',
    scope: 'status:read',
    summary: 'Look at one stage of the way to a hostname, once',
    description:
      'Stages are asked for in their order, each when the one before is done: a resolver that is asked too early keeps "no such name" for a while.',
    body: z.strictObject({ hostname: hostnamePatternSchema, stage: z.enum(proofStages) }),
    result: proofSchema,
  }),
};

export type ShownName = z.infer<typeof shownNameSchema>;
