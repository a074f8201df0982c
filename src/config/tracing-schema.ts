// The `tracing` section of edge.yml: whether requests take part in distributed tracing, and which collector gets spans.
import { z } from 'zod';
import { cidr } from './edge-scalars.ts';

/** OTLP/HTTP paths are added to a bare host; a collector behind another path is named in full. */
export const tracesPath = '/v1/traces';

export const tracingSchema = z
  .strictObject({
    endpoint: z
      .url({ protocol: /^https?$/, error: 'must be an http or https URL such as "http://127.0.0.1:4318"' })
      .refine((url) => !url.includes('@'), { error: 'must not hold a password; use headersFile' })
      .optional()
      .describe(
        'Collector that takes spans by OTLP/HTTP (JSON), such as `http://127.0.0.1:4318`; `/v1/traces` is added when there is no path. Absent: trace ids are passed on and logged, nothing is sent.',
      ),
    headersFile: z
      .string()
      .min(1)
      .optional()
      .describe(
        'File with header fields for the collector, one `Name: value` a line (a key, say); relative paths are taken from the folder of edge.yml.',
      ),
    ratio: z
      .number()
      .min(0)
      .max(1)
      .default(1)
      .describe('Share of requests that are recorded, 0 to 1; a route may say its own (`trace`).'),
    trustFrom: z
      .array(cidr())
      .max(1000)
      .default([])
      .describe(
        'Clients whose own sampled flag decides instead of the ratio: proxies and services of yours.',
      ),
    serviceName: z.string().min(1).max(100).default('sallyport').describe('What spans call this edge.'),
  })
  .refine(({ endpoint, headersFile }) => headersFile === undefined || endpoint !== undefined, {
    path: ['headersFile'],
    error: 'needs endpoint',
  });

/** As parsed. */
export type TracingConfig = z.output<typeof tracingSchema>;

/** The address that spans are sent to. */
export function tracesUrl(endpoint: string): string {
  const url = new URL(endpoint);
  if (url.pathname === '/') url.pathname = tracesPath;
  return url.href;
}
