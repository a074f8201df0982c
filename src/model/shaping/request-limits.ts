// How much a request of a route may hold. The edge's own limits (`limits` of edge.yml) hold before these; a route can only
// be narrower.
import { z } from 'zod';
import { sizeSetting } from './scalars.ts';

export const requestLimitsSchema = z
  .strictObject({
    body: sizeSetting().optional().meta({ description: 'Largest request body; more is answered 413.' }),
    headers: sizeSetting()
      .optional()
      .meta({ description: 'Names and values of all header fields together; more is answered 431.' }),
    headerCount: z
      .int()
      .min(1)
      .max(1000)
      .optional()
      .meta({ description: 'Header fields; more is answered 431.' }),
    url: sizeSetting().optional().meta({ description: 'Path and query; more is answered 414.' }),
  })
  .meta({ description: 'How much a request may hold.' });

/** As parsed. */
export type RequestLimits = z.output<typeof requestLimitsSchema>;
