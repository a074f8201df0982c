// A hostname seen from outside: what a probe found, by whom, and what to do about it.
import { z } from 'zod';
import { timeSchema } from '../names.ts';

/**
 * `unseen`: it cannot be told from there (many routers let nobody inside reach their own public address). `elsewhere`:
 * something else answers. `wrong-holder`: an edge of this store answers, with other routes.
 */
export const probeOutcomes = [
  'ok',
  'dns',
  'refused',
  'certificate',
  'elsewhere',
  'wrong-holder',
  'expiring',
  'unseen',
] as const;

const hopMs = z.int().min(0).nullable();

export const probeResultSchema = z
  .object({
    hostname: z.string(),
    from: z
      .string()
      .meta({ description: 'Name of the tunnel whose connector looked; empty: the edge itself.' }),
    outcome: z.enum(probeOutcomes),
    sentence: z.string(),
    cure: z.string().meta({ description: 'What to do; empty when there is nothing to do.' }),
    atMs: timeSchema,
    addresses: z.array(z.string()).meta({ description: 'What the name leads to, as it was resolved there.' }),
    address: z.string().meta({ description: 'The one that was dialled; empty: none.' }),
    ms: z
      .object({ dns: hopMs, connect: hopMs, tls: hopMs, answer: hopMs })
      .meta({ description: 'What each hop took; null where it did not come so far.' }),
    certificateEndsMs: timeSchema.nullable(),
    failures: z.int().min(0).meta({ description: 'In a row.' }),
  })
  .meta({ id: 'Probe' });

/** What a connector answers a probe with; anything longer or other is refused. */
export const outsideLookSchema = z.object({
  stoppedAt: z.enum(['dns', 'connect', 'tls', 'answer']).optional(),
  reason: z.string().max(500),
  code: z.string().max(64),
  addresses: z.array(z.string().max(64)).max(16),
  address: z.string().max(64),
  ms: z.partialRecord(z.enum(['dns', 'connect', 'tls', 'answer']), z.int().min(0).max(600_000)),
  notBeforeMs: z.number().min(0),
  notAfterMs: z.number().min(0),
  status: z.int().min(0).max(999),
  body: z.string().max(512),
});

export type ProbeOutcome = (typeof probeOutcomes)[number];
export type ProbeResult = z.infer<typeof probeResultSchema>;
