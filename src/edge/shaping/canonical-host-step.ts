// The step of a route whose site has two names: visitors who came by the other one are sent to where they should be.
import { ListFields } from '#http/list-fields.ts';
import type { RequestHead } from '#http/exchange.ts';
import { type CanonicalHost, canonicalNameOf } from '#model/shaping/canonical-host.ts';
import type { RouteHandler } from '../routes/route-handler.ts';
import { stepBefore } from './step-before.ts';

/** The step. */
export function canonicalHostStep(canonical: CanonicalHost, next: RouteHandler): RouteHandler {
  return stepBefore('canonical host', next, (exchange) => {
    const location = canonicalLocation(exchange.request, canonical);
    if (location === undefined) return next.start(exchange);
    exchange.respond({
      status: 308,
      fields: new ListFields(['Location', location]),
      bodyKind: exchange.request.method === 'HEAD' ? 'none' : 'length',
      contentLength: 0,
    });
    exchange.end(null);
  });
}

/** Where a request is sent; undefined for one that came by the right name. */
export function canonicalLocation(
  {
    scheme,
    host,
    authority,
    path,
    query,
  }: Pick<RequestHead, 'scheme' | 'host' | 'authority' | 'path' | 'query'>,
  canonical: CanonicalHost,
): string | undefined {
  const name = canonicalNameOf(host, canonical);
  // The port, if any, stays.
  return name && `${scheme}://${name}${authority.slice(host.length)}${path}${query}`;
}
