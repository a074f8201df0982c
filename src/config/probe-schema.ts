// The `probe` section of edge.yml: how often the edge looks at its hostnames from outside, by which resolvers, and whose
// connectors look, too.
import { z } from 'zod';
import { isAddress } from '#base/net/ip.ts';
import { duration } from './edge-scalars.ts';

/** Often enough to be told within minutes, seldom enough to be nobody's burden. */
const defaultEveryMs = 300_000;

/** `192.0.2.53`, `[2001:db8::53]:5353`. */
const resolver = () =>
  z
    .string()
    .max(80)
    .refine(
      (text) => isAddress(/^\[(.+)\](:\d{1,5})?$/.exec(text)?.[1] ?? text) || /^[\d.]+:\d{1,5}$/.test(text),
      {
        error: 'must be an address, with ":port" if it is not 53',
      },
    );

export const probeSchema = z.strictObject({
  every: duration()
    .refine((ms) => ms >= 10_000 && ms <= 86_400_000, 'must be from "10s" to "24h"')
    .default(defaultEveryMs)
    .describe('Between two looks at one hostname; sooner while something is wrong.'),
  resolvers: z
    .array(resolver())
    .max(8)
    .default([])
    .describe('Resolvers to ask for addresses; none: those under `dns`, else those of the machine.'),
  from: z
    .array(z.string().min(1).max(100))
    .max(20)
    .default([])
    .describe('Tunnels (name or UUID) whose connectors look as well, from where they are.'),
});

/** As parsed. */
export type ProbeConfig = z.output<typeof probeSchema>;
