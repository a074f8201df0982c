// Header fields that a route sets, adds or takes away, on the way in and on the way out, and presets of those that browsers
// heed for a site's safety. What delimits messages or says who the client is belongs to the edge and is refused here.
import { z } from 'zod';

/** More are somebody's program. */
const maxFields = 50;
const maxValue = 4_000;

/** Delimits messages, names the next hop, or is the edge's own word about client and connection. */
const edgeOwned =
  /^(host|connection|keep-alive|te|trailer|transfer-encoding|content-length|upgrade|expect|proxy|proxy-.*|http2-settings|forwarded|x-forwarded.*|x-real-ip|cf-connecting-ip.*|x-request-id|cdn-loop|x-sallyport-.*|traceparent|tracestate)$/i;

/** What `{name}` in a value may be. */
export const headerVariables = [
  'client_ip',
  'host',
  'scheme',
  'method',
  'path',
  'query',
  'request_id',
] as const;
export type HeaderVariable = (typeof headerVariables)[number];

const variables = new Set<string>(headerVariables);

const fieldName = () =>
  z
    .string()
    .max(200)
    .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, { error: 'must be a header field name' })
    .refine((name) => !edgeOwned.test(name), {
      error:
        'is set by the edge itself and cannot be changed here; for the Host of the origin set httpHostHeader in the ingress rule',
    });

const fieldValue = () =>
  z
    .string()
    .max(maxValue)
    .regex(/^[\x21-\x7e\x80-\xff]([\t\x20-\x7e\x80-\xff]*[\x21-\x7e\x80-\xff])?$|^$/, {
      error: 'must be one line of text, without space around it',
    })
    .superRefine((text, context) => {
      for (const [whole, name = ''] of text.matchAll(/\{([a-z_]+)\}/g)) {
        if (variables.has(name)) continue;
        context.addIssue({
          code: 'custom',
          message: `there is no variable ${whole}; there are ${headerVariables.map((each) => `{${each}}`).join(', ')}`,
        });
      }
    });

const fieldValues = () =>
  z.record(fieldName(), fieldValue()).refine((fields) => Object.keys(fields).length <= maxFields, {
    error: `must have at most ${maxFields} fields`,
  });

const changesSchema = z.strictObject({
  set: fieldValues().optional().meta({ description: 'In the place of what is there by the name.' }),
  add: fieldValues().optional().meta({ description: 'Beside what is there.' }),
  remove: z.array(fieldName()).max(maxFields).optional().meta({ description: 'Names to take away.' }),
});

export const headerRulesSchema = z
  .strictObject({
    request: changesSchema
      .optional()
      .meta({ description: 'On the way to the origin. Values may have variables such as `{client_ip}`.' }),
    response: changesSchema
      .optional()
      .meta({ description: "On the way to the visitor, on the edge's own answers too." }),
    security: z.enum(['basic', 'strict']).optional().meta({
      description:
        'Fields for browsers where the origin sends none of its own: `basic` breaks no site, `strict` lets a page load from its own site only. See docs/shaping.md.',
    }),
  })
  .meta({ description: 'Header fields that are set, added or taken away.' });

/** As parsed. */
export type HeaderRules = z.output<typeof headerRulesSchema>;
export type HeaderChanges = z.output<typeof changesSchema>;

/** Fields of a preset, for answers that do not have them. */
export const securityPresets: Readonly<
  Record<'basic' | 'strict', readonly (readonly [name: string, value: string])[]>
> = {
  basic: [
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'strict-origin-when-cross-origin'],
    ['X-Frame-Options', 'SAMEORIGIN'],
  ],
  strict: [
    ['X-Content-Type-Options', 'nosniff'],
    ['Referrer-Policy', 'no-referrer'],
    ['X-Frame-Options', 'DENY'],
    [
      'Content-Security-Policy',
      "default-src 'self'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'; object-src 'none'",
    ],
    ['Permissions-Policy', 'camera=(), geolocation=(), microphone=(), payment=(), usb=()'],
    ['Cross-Origin-Opener-Policy', 'same-origin'],
    ['Cross-Origin-Resource-Policy', 'same-origin'],
  ],
};
