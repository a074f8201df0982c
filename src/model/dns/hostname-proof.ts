// Proving that a hostname works, stage by stage, each only after the one before: a resolver that is asked too early keeps
// the "no such name" that it finds. Asked by `tunnel route dns`, answered by the edge.
import { z } from 'zod';

/** In their order: the zone's own servers have the record, a resolver has it, the certificate is shown, the origin answers. */
export const proofStages = ['record', 'resolver', 'certificate', 'origin'] as const;

export const proofSchema = z
  .object({
    stage: z.enum(proofStages),
    /** `waiting`: may come by itself; `stopped`: waiting does not help. */
    state: z.enum(['done', 'waiting', 'stopped']),
    /** What was seen, in a sentence. */
    detail: z.string(),
    /** What to do; '' when there is nothing to do. Of what is `done`: what could not be seen from here, and how to see it. */
    cure: z.string(),
  })
  .meta({ id: 'HostnameProof' });

export type ProofStage = (typeof proofStages)[number];
export type HostnameProof = z.infer<typeof proofSchema>;
