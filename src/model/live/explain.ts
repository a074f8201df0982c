// The answer of `explain`: a URL followed from its name to its origin, step by step, and where it stops. Each room that
// knows a step (names, certificates, edge) makes it in this one shape.
import { z } from 'zod';

/** In the order of the way. */
export const explainSteps = [
  'url',
  'dns',
  'certificate',
  'route',
  'port',
  'hsts',
  'trace',
  'error pages',
  'guard',
  'rate limits',
  'limits',
  'bandwidth',
  'canonical host',
  'maintenance',
  'cors',
  'access',
  'redirects',
  'headers',
  'cache',
  'compression',
  'prefix',
  'balance',
  'connector',
  'rule',
  'origin',
  'page',
] as const;

export const explainStepSchema = z.object({
  step: z.enum(explainSteps),
  /** `skipped`: an earlier step stopped the way, or the step does not apply. */
  status: z.enum(['ok', 'warning', 'failed', 'skipped']),
  /** A few words: `Route blog.example.com to tunnel home`. */
  title: z.string(),
  /** A sentence or two on what was found. */
  detail: z.string(),
  /** What to do; '' when there is nothing to do. */
  cure: z.string(),
  /** How long the step took, null where nothing was waited for. */
  ms: z.number().nullable(),
  /** Values for those who want to look closer, by name. */
  facts: z.record(z.string(), z.string()),
});

export const explanationSchema = z
  .object({
    url: z.string(),
    /** The first step that failed, null when the URL works. */
    stopsAt: z.enum(explainSteps).nullable(),
    /** One sentence that sums it up. */
    verdict: z.string(),
    steps: z.array(explainStepSchema),
  })
  .meta({ id: 'Explanation' });

export type ExplainStepName = (typeof explainSteps)[number];
export type ExplainStep = z.infer<typeof explainStepSchema>;
export type Explanation = z.infer<typeof explanationSchema>;
