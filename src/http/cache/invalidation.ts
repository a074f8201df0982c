// Which stored addresses a request that changed something makes void (RFC 9111 section 4.4).
import { parseAuthority } from '#base/net/hostname.ts';
import { canonicalPath } from '../request-target.ts';

/** Methods that change nothing (RFC 9110 section 9.2.1); all others, unknown ones too, may. */
const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PROPFIND', 'REPORT', 'SEARCH', 'QUERY']);

/** Whether a successful response to the method voids what is stored. */
export function isUnsafe(method: string): boolean {
  return !safeMethods.has(method);
}

/** A place on one host. */
export interface Place {
  readonly path: string;
  /** '' or from '?' on. */
  readonly query: string;
}

/** The places that the response names in Location and Content-Location, if they are on the same host. */
export function namedPlaces(
  request: { readonly scheme: string; readonly host: string } & Place,
  response: { readonly location: string; readonly contentLocation: string },
): Place[] {
  const places: Place[] = [];
  for (const reference of [response.location, response.contentLocation]) {
    const place = reference === '' ? undefined : resolve(reference, request);
    if (place !== undefined) places.push(place);
  }
  return places;
}

/** A reference resolved against the request; undefined when it leads to another host or cannot be read. */
export function resolve(
  reference: string,
  request: { readonly scheme: string; readonly host: string } & Place,
): Place | undefined {
  const host = request.host.includes(':') ? `[${request.host}]` : request.host;
  const url = URL.parse(reference, `${request.scheme}://${host}${request.path}${request.query}`);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:')) return undefined;
  // Whoever answers for one host has no say about another's (the port aside: it is not in the key).
  if (parseAuthority(url.hostname)?.host !== request.host) return undefined;
  try {
    return { path: canonicalPath(url.pathname), query: url.search };
  } catch {
    return undefined;
  }
}
