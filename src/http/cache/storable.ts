// Whether a shared cache may keep a response (RFC 9111 section 3), and if not, why. Starts from no: each reason is one of
// a fixed list, which Cache-Status shows as `detail` and `explain` turns into words.
import type { Fields } from '../exchange.ts';
import type { ResponseSettings } from './cache-rules.ts';
import { heuristicStatuses, lifetimeMs } from './freshness.ts';
import type { ResponseFacts } from './response-facts.ts';

/** Why a response is not kept, with the sentence that says it to its owner. */
export const storeRefusals = {
  off: 'Caching is switched off for this route.',
  method: 'Only GET responses are cached.',
  rule: 'A rule of the route says bypass.',
  'request-body': 'The request has a body; what it asks for is not in its address alone.',
  'request-no-store': 'The client sent Cache-Control: no-store.',
  authorization:
    'The request carries Authorization, and the response says none of public, s-maxage and must-revalidate.',
  'ambiguous-path': 'The path has an escaped "/", "?", "#" or ";", which the origin may read in another way.',
  'method-override': 'The request asks for another method in a header field, which is not part of the key.',
  'unkeyed-field':
    'The request names another host or address in a header field that is neither in the key nor in Vary.',
  'no-store': 'The response says no-store.',
  private: 'The response says private.',
  'set-cookie': 'The response sets a cookie, and the policy does not allow for that (setCookie).',
  'vary-all': 'The response says Vary: *.',
  'vary-client': 'The response varies by a field that says who the client is, so nobody else could use it.',
  'vary-too-much': 'The response varies by more fields, or longer values, than the cache tells apart.',
  'no-lifetime':
    'The response names no lifetime: send Cache-Control: s-maxage=60 or max-age=60, or set defaultTtl in a rule.',
  'no-use': 'The response is stale already and has neither ETag nor Last-Modified to ask again with.',
  status: 'Responses with this status are not cached.',
  'must-understand': 'The response says must-understand and has a status that the cache does not know.',
  partial: 'The partial response does not say exactly which bytes of which whole it has.',
  trailers: 'The response announces trailer fields, which a cache would lose.',
  stream: 'The response is a stream without an end (events, gRPC, replaced parts).',
  'type-mismatch': 'A rule gives this path a lifetime by its extension, but the content type is another.',
  'too-large': 'The body is larger than the cache keeps.',
  busy: 'Too many responses are being stored at the same time.',
} as const satisfies Record<string, string>;

export type StoreRefusal = keyof typeof storeRefusals;

/** What the decision needs to know of the request. */
export interface StoreRequest {
  readonly method: string;
  readonly path: string;
  readonly fields: Fields;
  /** Its Cache-Control says no-store. */
  readonly isNoStore: boolean;
  /** Lower-case names of fields that are part of its key. */
  readonly keyHeaders?: readonly string[];
}

/** Statuses whose meaning for a cache is known here; for must-understand (RFC 9111 section 5.2.2.3). */
const understoodStatuses = new Set([
  ...heuristicStatuses,
  ...[
    201, 202, 205, 302, 303, 307, 400, 401, 402, 403, 406, 407, 408, 409, 411, 412, 413, 415, 416, 417, 421,
  ],
  ...[422, 425, 426, 428, 429, 431, 451, 500, 502, 503, 504, 505, 511],
]);

/**
 * What one request got for itself: said of its conditions, its size, its haste or its network, not of the resource
 * (RFC 6585 says of its four that no cache may store them).
 */
const personalStatuses = new Set([304, 408, 412, 413, 416, 417, 421, 425, 426, 428, 429, 431, 511]);

/** Content types that end when somebody hangs up. */
const streamTypes = /^(text\/event-stream|multipart\/x-mixed-replace|application\/grpc.*)$/;

/** The reason not to keep the response, '' when it may be kept. */
export function refusalToStore(
  request: StoreRequest,
  facts: ResponseFacts,
  settings: ResponseSettings,
  wallMs: number,
): StoreRefusal | '' {
  return (
    requestRefusal(request, facts) ||
    directiveRefusal(facts, settings) ||
    contentRefusal(request, facts, settings) ||
    lifetimeRefusal(facts, settings, wallMs)
  );
}

function requestRefusal(
  { method, path, fields, isNoStore, keyHeaders }: StoreRequest,
  { control, isTargeted, vary }: ResponseFacts,
): StoreRefusal | '' {
  if (method !== 'GET' && method !== 'POST') return 'method';
  if (isNoStore) return 'request-no-store';
  if (fields.get('authorization') !== undefined) {
    // RFC 9111 section 3.5.
    const isAllowed =
      control.isPublic || control.mustRevalidate || (!isTargeted && control.sMaxAgeSeconds >= 0);
    if (!isAllowed) return 'authorization';
  }
  if (isAmbiguousPath(path)) return 'ambiguous-path';
  if (methodOverrides.some((name) => fields.get(name) !== undefined)) return 'method-override';
  const isUnkeyed = (name: string): boolean =>
    fields.get(name) !== undefined && !vary.includes(name) && keyHeaders?.includes(name) !== true;
  return otherAddresses.some(isUnkeyed) ? 'unkeyed-field' : '';
}

/**
 * Fields by which servers and frameworks take another host or address for the real one, beside those that the edge states
 * itself and a client's never pass: what comes of them is the sender's own page.
 */
const otherAddresses = [
  ...['x-host', 'x-original-host', 'x-http-host-override', 'x-forwarded-path', 'x-original-uri', 'base-url'],
  ...[
    'request-uri',
    'destination',
    'front-end-https',
    'x-amz-website-redirect-location',
    'x-forwarded-uri',
    'x-url-scheme',
  ],
];

/** Fields by which frameworks let a GET be something else; none is in the key. */
const methodOverrides = ['x-http-method-override', 'x-http-method', 'x-method-override'];

/** Paths that a server behind us may take apart in another way than we did, which is what cache deception lives on. */
export function isAmbiguousPath(path: string): boolean {
  return path.includes(';') || (path.includes('%') && /%(2F|3B|3F|23|5C|0[0-9A-F]|1[0-9A-F]|7F)/.test(path));
}

function directiveRefusal(facts: ResponseFacts, settings: ResponseSettings): StoreRefusal | '' {
  const { control, status } = facts;
  const isForced = settings.ttlMs !== undefined && settings.isForced;
  if (control.mustUnderstand && !understoodStatuses.has(status)) return 'must-understand';
  // Who understands must-understand ignores the no-store beside it.
  if (control.noStore && !control.mustUnderstand && !isForced) return 'no-store';
  if (control.isPrivate && !isForced) return 'private';
  const isCookieHeld = control.heldBackFields.includes('set-cookie');
  if (facts.setsCookie && settings.setCookie === 'refuse' && !isCookieHeld) return 'set-cookie';
  if (facts.vary.includes('*')) return 'vary-all';
  return '';
}

function contentRefusal(
  { path }: StoreRequest,
  facts: ResponseFacts,
  settings: ResponseSettings,
): StoreRefusal | '' {
  if (facts.status < 200 || personalStatuses.has(facts.status)) return 'status';
  if (facts.hasTrailer) return 'trailers';
  if (streamTypes.test(facts.contentType)) return 'stream';
  const isByRule = settings.ttlMs !== undefined || settings.defaultTtlMs !== undefined;
  return isByRule && !extensionAgrees(path, facts.contentType) ? 'type-mismatch' : '';
}

/** Extensions that people write rules for, and the content types they stand for. */
const typesOfExtensions: Readonly<Record<string, RegExp>> = {
  ...{ css: /^text\/css$/, js: /javascript/, mjs: /javascript/, json: /json/, map: /json|octet-stream/ },
  ...{
    png: /^image\//,
    jpg: /^image\//,
    jpeg: /^image\//,
    gif: /^image\//,
    webp: /^image\//,
    avif: /^image\//,
  },
  ...{
    svg: /^image\//,
    ico: /^image\//,
    bmp: /^image\//,
    woff: /font|octet-stream/,
    woff2: /font|octet-stream/,
  },
  ...{ ttf: /font|octet-stream/, otf: /font|octet-stream/, eot: /font|octet-stream/ },
  ...{ mp4: /^video\//, webm: /^(video|audio)\//, mp3: /^audio\//, ogg: /^(audio|video|application)\// },
  ...{ pdf: /^application\/pdf$/, txt: /^text\/plain$/, xml: /xml/ },
};

/**
 * `/account/x.css` that answers with a page is a page, whatever the rule for `*.css` says: its visitor was lured to an
 * address that looks static so that his page would be kept for the next who asks (edge.md section 6).
 */
export function extensionAgrees(path: string, contentType: string): boolean {
  const extension = /\.([a-z0-9]{1,6})$/i.exec(path)?.[1]?.toLowerCase();
  const types = extension === undefined ? undefined : typesOfExtensions[extension];
  return types === undefined || types.test(contentType);
}

function lifetimeRefusal(
  facts: ResponseFacts,
  settings: ResponseSettings,
  wallMs: number,
): StoreRefusal | '' {
  const { control, status } = facts;
  const lifetime = lifetimeMs(facts, settings, wallMs);
  if (lifetime === undefined) {
    // Kept to be asked about again each time, where the origin says so in words.
    const isMeant = control.noCache || control.mustRevalidate || control.isPublic;
    return isMeant && isValidatable(facts) && heuristicStatuses.has(status) ? '' : 'no-lifetime';
  }
  if (isValidatable(facts)) return '';
  const isFresh = lifetime > facts.ageSeconds * 1000 && !control.noCache;
  const mayBeStale = control.staleWhileRevalidateSeconds > 0 || control.staleIfErrorSeconds > 0;
  return isFresh || mayBeStale || settings.ttlMs !== undefined ? '' : 'no-use';
}

function isValidatable({ etag, lastModifiedMs }: ResponseFacts): boolean {
  return etag !== '' || lastModifiedMs !== undefined;
}
