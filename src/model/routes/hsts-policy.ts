// Strict-Transport-Security (RFC 6797): whether visitors' browsers are told to reach a hostname by https only, and for how
// long they keep to it. It is a promise that cannot be taken back before it has run out, so nothing is promised unasked.
import { z } from 'zod';
import { parseDuration } from '#base/text/duration.ts';

/** A year: what preload lists ask for, and twice what testssl.sh and SSL Labs want for an A+. */
const defaultMaxAge = '8760h';
/** hstspreload.org takes no name that promises less. */
const preloadMs = 365 * 86_400_000;

const durationText = 'must be a duration such as "8760h"';

export const hstsPolicySchema = z
  .strictObject({
    maxAge: z
      .string({ error: durationText })
      .refine((text) => (parseDuration(text) ?? -1) >= 0, { error: durationText })
      .default(defaultMaxAge)
      .meta({
        description: 'How long a browser keeps to https after each visit; "0s" has it forget the promise.',
      }),
    includeSubDomains: z
      .boolean()
      .default(false)
      .meta({ description: 'All names below this one too, those that are served elsewhere included.' }),
    preload: z.boolean().default(false).meta({
      description:
        'Agrees to the preload lists that browsers come with; needs includeSubDomains and a year at least.',
    }),
  })
  .refine(
    ({ maxAge, includeSubDomains, preload }) =>
      !preload || (includeSubDomains && (parseDuration(maxAge) ?? 0) >= preloadMs),
    { path: ['preload'], error: 'needs includeSubDomains: true and a maxAge of at least "8760h"' },
  )
  .meta({ description: 'Strict-Transport-Security for visitors who come by https.' });

export const routeHstsSchema = z.union([z.literal('off'), hstsPolicySchema]).meta({
  description:
    "Strict-Transport-Security, on answers over https that have none of the origin's own; `off` for none. Without a word here the edge's `hsts` has the say.",
});

export type RouteHsts = z.output<typeof routeHstsSchema>;

/** The field's value; undefined for none. */
export function hstsValueOf(policy: RouteHsts | undefined): string | undefined {
  if (policy === undefined || policy === 'off') return undefined;
  const seconds = Math.floor((parseDuration(policy.maxAge) ?? 0) / 1000);
  return [
    `max-age=${seconds}`,
    ...(policy.includeSubDomains ? ['includeSubDomains'] : []),
    ...(policy.preload ? ['preload'] : []),
  ].join('; ');
}
