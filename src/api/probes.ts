// Hostnames seen from outside.
import { z } from 'zod';
import { probeResultSchema } from '#model/probes/probe.ts';
import { operation } from './operation.ts';
import { pageOf, pageQuery } from './page.ts';

export const probeOperations = {
  listProbes: operation({
    id: 'listProbes',
    method: 'GET',
    path: '/probes',
    scope: 'status:read',
    summary: 'What was seen of each hostname from outside, last',
    query: z.object(pageQuery),
    result: pageOf(probeResultSchema),
  }),
  probeNow: operation({
    id: 'probeNow',
    method: 'POST',
    path: '/probes',
    scope: 'status:read',
    summary: 'Look at a hostname from outside now, from everywhere that is asked to',
    body: z.strictObject({
      hostname: z
        .string()
        .min(1)
        .max(253)
        .meta({ description: 'One that has a route, or a wildcard as its route has it.' }),
    }),
    result: z.object({ items: z.array(probeResultSchema) }),
  }),
};
