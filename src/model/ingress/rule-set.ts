// The ingress rules of a remotely managed tunnel, kept at the edge in the very text of cloudflared's config.yml
// (`ingress:` and `originRequest:`), so that a rule reads the same wherever it lives, and a fault has its line.
import { z } from 'zod';
import { idSchema, timeSchema } from '../names.ts';

/** Longest text of a rule set; ten thousand ordinary rules fit. */
export const ruleSetLimitBytes = 2 * 1024 * 1024;

export const ruleSetSchema = z.strictObject({
  /** The tunnel's id: a tunnel has one rule set. */
  id: idSchema,
  /** YAML with `ingress` and, if wanted, `originRequest`; comments are kept. */
  text: z.string().max(ruleSetLimitBytes),
  /** Grows with every change; connectors report the one they run. */
  version: z.int().min(1).max(0xffff_ffff),
  changedAtMs: timeSchema,
});

export type RuleSet = z.infer<typeof ruleSetSchema>;

/** What a tunnel without rules answers. */
export const emptyRuleSetText = 'ingress:\n  - service: http_status:404\n';

/** A rule set, read by the reader of config.yml. */
export interface ReadRules {
  readonly rules: readonly {
    readonly hostname: string;
    readonly path: string;
    readonly service: string;
    readonly line: number | null;
  }[];
  readonly warnings: readonly string[];
}
