// How a route takes part in distributed tracing (W3C Trace Context). Where spans are sent is the edge's matter
// (`tracing` of edge.yml).
import { z } from 'zod';

export const traceSchema = z
  .strictObject({
    ratio: z
      .number()
      .min(0)
      .max(1)
      .optional()
      .meta({ description: "Share of requests that are recorded, 0 to 1; the edge's own if absent." }),
    passOn: z.boolean().default(true).meta({
      description: 'Whether the origin gets traceparent and tracestate; false keeps traces from it.',
    }),
  })
  .meta({ description: 'Its requests take part in distributed tracing.' });

/** As parsed. */
export type TraceSettings = z.output<typeof traceSchema>;
