// How a route's responses are compressed on their way to clients that can read it. On by default, for what gets smaller by
// it; what comes compressed already, or is a stream of events, is left alone.
import { z } from 'zod';
import { parseSize } from '#base/text/size.ts';

/** Content codings that the edge writes, best first: least CPU for what it saves (bench/codings.ts). */
export const codings = ['zstd', 'br', 'gzip'] as const;
export type Coding = (typeof codings)[number];

/** Types that are text, and binary ones that nobody has compressed yet. */
const defaultTypes = [
  ...[
    'text/*',
    'application/json',
    'application/*+json',
    'application/javascript',
    'application/x-javascript',
  ],
  ...[
    'application/xml',
    'application/*+xml',
    'application/manifest+json',
    'application/wasm',
    'image/svg+xml',
  ],
  ...[
    'image/x-icon',
    'image/vnd.microsoft.icon',
    'image/bmp',
    'font/ttf',
    'font/otf',
    'application/vnd.ms-fontobject',
  ],
  ...['application/rtf', 'application/graphql-response+json', 'application/x-ndjson'],
];

/** Below this a packet is saved at most; what nginx, Cloudflare and others have found too. */
const defaultMinBytes = '1KiB';

const sizeText = 'must be a size such as "1KiB"';

export const compressionPolicySchema = z
  .strictObject({
    codings: z
      .array(z.enum(codings))
      .min(1)
      .default([...codings])
      .meta({ description: 'Codings to offer, in order of preference among those a client likes equally.' }),
    types: z
      .array(z.string().min(3).max(200))
      .min(1)
      .max(100)
      .default(defaultTypes)
      .meta({ description: 'Content types to compress; `*` stands for any characters.' }),
    minBytes: z
      .string({ error: sizeText })
      .refine((text) => parseSize(text) !== undefined, { error: sizeText })
      .default(defaultMinBytes)
      .meta({ description: 'Smaller bodies are left alone.' }),
    secrets: z.enum(['guard', 'never', 'always']).default('guard').meta({
      description:
        'Pages that may hold a secret (a cookie or sign-in came or is set, and they are not public): compressed only when no other site caused the request, never, or always. See docs/compression.md on BREACH.',
    }),
  })
  .meta({ description: 'How responses are compressed.' });

/** As written by people. */
export type CompressionPolicySettings = z.input<typeof compressionPolicySchema>;

/** A route's compression policy in numbers. */
export interface CompressionPolicy {
  readonly codings: readonly Coding[];
  /** Lower-case patterns. */
  readonly types: readonly string[];
  readonly minBytes: number;
  readonly secrets: 'guard' | 'never' | 'always';
}

/** The policy that settings mean. @throws ZodError when they are none */
export function resolveCompressionPolicy(settings: CompressionPolicySettings): CompressionPolicy {
  return compressionPolicyOf(compressionPolicySchema.parse(settings));
}

/** The policy that parsed settings mean. */
export function compressionPolicyOf(policy: z.output<typeof compressionPolicySchema>): CompressionPolicy {
  return {
    codings: [...new Set(policy.codings)],
    types: policy.types.map((type) => type.toLowerCase()),
    minBytes: parseSize(policy.minBytes)!,
    secrets: policy.secrets,
  };
}

/** What a route without a word about compression does. */
export const defaultCompressionPolicy: CompressionPolicy = resolveCompressionPolicy({});
