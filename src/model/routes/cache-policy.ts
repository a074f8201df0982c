// What the edge's shared cache does with a route's responses. The schema is what edge.yml, the API and the dashboard
// write, with times and sizes as people write them; `resolveCachePolicy` turns it into numbers, once, when a snapshot
// is made. Without a word here the cache does what a response's own headers say (RFC 9111), HTML included.
import { z } from 'zod';
import { parseDuration } from '#base/text/duration.ts';
import { parseSize } from '#base/text/size.ts';

const durationText = 'must be a duration such as "30s" or "1h30m"';
const duration = () =>
  z
    .string({ error: durationText })
    .refine((text) => (parseDuration(text) ?? -1) >= 0, { error: durationText });
const sizeText = 'must be a size such as "10MiB"';
const size = () =>
  z.string({ error: sizeText }).refine((text) => parseSize(text) !== undefined, { error: sizeText });
const fieldName = () =>
  z
    .string()
    .regex(/^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/, { error: 'must be a header field name' })
    .toLowerCase();
/** Names with `*` for any run of characters. */
const namePattern = () => z.string().min(1).max(200);
const patterns = () => z.array(namePattern()).min(1).max(100);

/** Which part of a query string matters. What does not enter the key does not reach the origin either. */
const querySchema = z.union([
  z.literal('ignore'),
  z.strictObject({
    keep: patterns()
      .optional()
      .meta({ description: 'Only these parameters; `*` stands for any characters.' }),
    drop: patterns().optional().meta({ description: 'All but these, such as `utm_*`.' }),
    sort: z.boolean().default(false).meta({ description: 'Their order does not matter.' }),
  }),
]);

/** What of a request, beside its address, makes another response. */
const keySchema = z.strictObject({
  headers: z.array(fieldName()).max(16).default([]).meta({ description: 'Request header fields.' }),
  cookies: z.array(namePattern()).max(100).default([]).meta({ description: 'Cookies by name.' }),
});

const setCookieSchema = z.enum(['refuse', 'strip', 'keep']);

const whenSchema = z.strictObject({
  path: patterns().optional().meta({ description: 'Paths such as `/blog/*` or `*.css`.' }),
  query: patterns().optional().meta({ description: 'A query parameter of this name is there.' }),
  cookie: patterns().optional().meta({ description: 'A cookie of this name is there.' }),
  type: patterns().optional().meta({ description: 'Content types such as `image/*`.' }),
  status: z
    .array(z.union([z.int().min(200).max(599), z.enum(['2xx', '3xx', '4xx', '5xx'])]))
    .min(1)
    .max(50)
    .optional()
    .meta({ description: 'Statuses such as 404 or `4xx`.' }),
});

/** Settings that a rule may change for what it matches. */
const ruleSchema = z
  .strictObject({
    when: whenSchema
      .default({})
      .meta({ description: 'All of these must hold; one value of a list is enough.' }),
    bypass: z.boolean().optional().meta({ description: 'Neither answer from the cache nor store.' }),
    ttl: duration()
      .optional()
      .meta({ description: 'Lifetime whatever the headers say; also caches what they do not.' }),
    defaultTtl: duration().optional().meta({ description: 'Lifetime where the headers name none.' }),
    force: z
      .boolean()
      .optional()
      .meta({ description: 'With `ttl`: also where headers say no-store, no-cache or private.' }),
    staleWhileRevalidate: duration()
      .optional()
      .meta({ description: 'Serve stale this long while refreshing.' }),
    staleIfError: duration()
      .optional()
      .meta({ description: 'Serve stale this long when the origin answers 5xx.' }),
    staleIfUnreachable: duration()
      .optional()
      .meta({ description: 'Serve stale this long when the origin is away.' }),
    heuristics: z.boolean().optional().meta({ description: 'Guess a lifetime from Last-Modified.' }),
    setCookie: setCookieSchema
      .optional()
      .meta({ description: 'What to do with responses that set a cookie.' }),
    query: querySchema.optional().meta({ description: 'Which part of the query matters.' }),
    key: keySchema.optional().meta({ description: 'What else of a request matters.' }),
  })
  .refine(
    ({ when, bypass, query, key }) =>
      (when.type === undefined && when.status === undefined) ||
      (bypass === undefined && query === undefined && key === undefined),
    {
      error:
        'bypass, query and key are decided before there is a response; `when` cannot name type or status',
    },
  )
  .refine(({ force, ttl }) => force !== true || ttl !== undefined, { error: 'force needs a ttl' });

/** How long a request waits for another's answer to the same question; nginx has the same for its lock. */
const defaultCollapseWait = '5s';

export const cachePolicySchema = z
  .strictObject({
    heuristics: z.boolean().default(false).meta({
      description: 'Guess a lifetime from Last-Modified where headers name none (RFC 9111 section 4.2.2).',
    }),
    setCookie: setCookieSchema.default('refuse').meta({
      description:
        'Responses that set a cookie: not stored, stored without it, or stored with it for everybody.',
    }),
    clientRefresh: z.enum(['ignore', 'honour']).default('ignore').meta({
      description: "Clients' no-cache, max-age and the like; honoured, anybody can make the origin work.",
    }),
    storePost: z
      .boolean()
      .default(false)
      .meta({ description: 'Store a POST response that names its own address in Content-Location.' }),
    matchLanguage: z.boolean().default(false).meta({
      description: "Serve a stored language that is the client's first choice, whatever else it accepts.",
    }),
    staleIfUnreachable: duration().optional().meta({
      description:
        'Serve stale this long when connector or origin is away; 0 = never. Absent: 24h, but not what s-maxage forbids.',
    }),
    collapseWait: duration()
      .default(defaultCollapseWait)
      .meta({ description: 'How long equal requests wait for the first one of them.' }),
    maxObject: size()
      .optional()
      .meta({ description: "Largest body to store; the edge's own limit if absent." }),
    query: querySchema
      .optional()
      .meta({ description: 'Which part of the query matters; all of it if absent.' }),
    key: keySchema.prefault({}).meta({ description: 'What else of a request matters.' }),
    rules: z
      .array(ruleSchema)
      .max(100)
      .default([])
      .meta({ description: 'Exceptions; all that match apply, the later over the earlier.' }),
  })
  .meta({ description: 'How responses are cached.' });

/** As written by people. */
export type CachePolicySettings = z.input<typeof cachePolicySchema>;

export type SetCookieMode = z.infer<typeof setCookieSchema>;

/** Which parameters of a query count; undefined lists mean all. */
export interface QueryPolicy {
  readonly keep: readonly string[] | undefined;
  readonly drop: readonly string[] | undefined;
  readonly isSorted: boolean;
}

/** What a matching rule changes; undefined leaves it as it was. Times in milliseconds. */
export interface CacheRule {
  readonly paths: readonly string[] | undefined;
  readonly queryNames: readonly string[] | undefined;
  readonly cookies: readonly string[] | undefined;
  readonly types: readonly string[] | undefined;
  /** Single statuses, and hundreds from 2 to 5 for whole classes. */
  readonly statuses: readonly number[] | undefined;
  readonly bypass: boolean | undefined;
  readonly ttlMs: number | undefined;
  readonly defaultTtlMs: number | undefined;
  readonly isForced: boolean;
  readonly staleWhileRevalidateMs: number | undefined;
  readonly staleIfErrorMs: number | undefined;
  readonly staleIfUnreachableMs: number | undefined;
  readonly heuristics: boolean | undefined;
  readonly setCookie: SetCookieMode | undefined;
  readonly query: QueryPolicy | undefined;
  readonly keyHeaders: readonly string[] | undefined;
  readonly keyCookies: readonly string[] | undefined;
}

/** A route's cache policy in numbers. */
export interface CachePolicy {
  readonly heuristics: boolean;
  readonly setCookie: SetCookieMode;
  readonly honoursClientRefresh: boolean;
  readonly storesPost: boolean;
  readonly matchesLanguage: boolean;
  /** Undefined: a day, but not where s-maxage forbids it. */
  readonly staleIfUnreachableMs: number | undefined;
  readonly collapseWaitMs: number;
  /** Infinity: as the edge as a whole allows. */
  readonly maxObjectBytes: number;
  readonly query: QueryPolicy | undefined;
  readonly keyHeaders: readonly string[];
  readonly keyCookies: readonly string[];
  readonly rules: readonly CacheRule[];
}

/** The policy that settings mean. @throws ZodError when they are none */
export function resolveCachePolicy(settings: CachePolicySettings): CachePolicy {
  return cachePolicyOf(cachePolicySchema.parse(settings));
}

/** The policy that parsed settings mean. */
export function cachePolicyOf(policy: z.output<typeof cachePolicySchema>): CachePolicy {
  return {
    heuristics: policy.heuristics,
    setCookie: policy.setCookie,
    honoursClientRefresh: policy.clientRefresh === 'honour',
    storesPost: policy.storePost,
    matchesLanguage: policy.matchLanguage,
    staleIfUnreachableMs: ms(policy.staleIfUnreachable),
    collapseWaitMs: ms(policy.collapseWait)!,
    maxObjectBytes: policy.maxObject === undefined ? Infinity : parseSize(policy.maxObject)!,
    query: queryPolicy(policy.query),
    keyHeaders: policy.key.headers,
    keyCookies: policy.key.cookies,
    rules: policy.rules.map(resolveRule),
  };
}

/** What a route without a word about caching does. */
export const defaultCachePolicy: CachePolicy = resolveCachePolicy({});

function resolveRule({ when, ...rule }: z.output<typeof ruleSchema>): CacheRule {
  return {
    paths: when.path,
    queryNames: when.query,
    cookies: when.cookie,
    types: when.type?.map((type) => type.toLowerCase()),
    statuses: when.status?.map((status) => (typeof status === 'number' ? status : Number(status[0]))),
    bypass: rule.bypass,
    ttlMs: ms(rule.ttl),
    defaultTtlMs: ms(rule.defaultTtl),
    isForced: rule.force ?? false,
    staleWhileRevalidateMs: ms(rule.staleWhileRevalidate),
    staleIfErrorMs: ms(rule.staleIfError),
    staleIfUnreachableMs: ms(rule.staleIfUnreachable),
    heuristics: rule.heuristics,
    setCookie: rule.setCookie,
    query: queryPolicy(rule.query),
    keyHeaders: rule.key?.headers,
    keyCookies: rule.key?.cookies,
  };
}

function ms(text: string | undefined): number | undefined {
  return text === undefined ? undefined : parseDuration(text);
}

function queryPolicy(query: z.output<typeof querySchema> | undefined): QueryPolicy | undefined {
  if (query === undefined) return undefined;
  if (query === 'ignore') return { keep: [], drop: undefined, isSorted: false };
  return { keep: query.keep, drop: query.drop, isSorted: query.sort };
}
