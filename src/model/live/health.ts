// How an edge is, part by part: each listener, the store, each certificate, each name and zone, each tunnel, each origin, each
// hostname seen from outside. Every part has a state, since when, what is so in a sentence, and what to do. Made by
// roles/health/, shown by /readyz, the API, the commands, the dashboard and the metrics.
import { z } from 'zod';
import { timeSchema } from '../names.ts';

/** In the order in which they are shown. */
export const partKinds = ['listener', 'store', 'certificate', 'dns', 'tunnel', 'origin', 'probe'] as const;
/** From the worst on; `unknown`: nothing has been seen of it yet. */
export const partStates = ['down', 'degraded', 'unknown', 'ok'] as const;

/** More parts of a kind are counted but not listed; what is not well is listed first. */
export const maxPartsOfKind = 500;

export const healthPartSchema = z
  .object({
    kind: z.enum(partKinds),
    name: z.string().meta({ description: 'What people call it; unique in its kind.' }),
    state: z.enum(partStates),
    sinceMs: timeSchema.meta({
      description: 'Since when it is in this state, as far as this process knows.',
    }),
    sentence: z.string(),
    cure: z.string().meta({ description: 'What to do; empty when there is nothing to do.' }),
    isVital: z.boolean().meta({ description: 'Without it the edge cannot serve.' }),
    tunnelId: z.string().optional().meta({ description: 'Of a tunnel, or of an origin behind one.' }),
  })
  .meta({ id: 'HealthPart' });

const countsSchema = z.object({ down: z.int(), degraded: z.int(), unknown: z.int(), ok: z.int() });

export const healthSchema = z
  .object({
    state: z.enum(['ok', 'degraded', 'down']).meta({
      description: '`down`: the edge cannot serve; `degraded`: something is not well; else `ok`.',
    }),
    isServing: z.boolean().meta({ description: 'Every vital part is up.' }),
    counts: countsSchema.meta({ description: 'Parts by state, all of them.' }),
    parts: z.array(healthPartSchema).meta({
      description: `At most ${maxPartsOfKind} of a kind, by kind, those that are not well first.`,
    }),
  })
  .meta({ id: 'Health' });

export type PartKind = (typeof partKinds)[number];
export type PartState = (typeof partStates)[number];
export type HealthPart = z.infer<typeof healthPartSchema>;
export type HealthCounts = z.infer<typeof countsSchema>;
export type Health = z.infer<typeof healthSchema>;
/** A part as it is now, before it is known since when. */
export type PartNow = Omit<HealthPart, 'sinceMs'>;

/** The whole from its parts. */
export function healthOf(parts: readonly HealthPart[]): Health {
  const counts = countParts(parts);
  const isServing = parts.every(({ isVital, state }) => !isVital || state !== 'down');
  const isWell = counts.down + counts.degraded === 0;
  const listed = partKinds.flatMap((kind) =>
    parts
      .filter((part) => part.kind === kind)
      .toSorted((a, b) => partStates.indexOf(a.state) - partStates.indexOf(b.state))
      .slice(0, maxPartsOfKind),
  );
  return { state: isServing ? (isWell ? 'ok' : 'degraded') : 'down', isServing, counts, parts: listed };
}

/** How many are in each state. */
export function countParts(parts: readonly Pick<HealthPart, 'state'>[]): HealthCounts {
  const counts = { down: 0, degraded: 0, unknown: 0, ok: 0 };
  for (const { state } of parts) counts[state] += 1;
  return counts;
}
