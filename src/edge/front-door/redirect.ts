// What plain HTTP answers: a permanent redirect to HTTPS for names that are served here, an error for others.
import { failure } from '#http/exchange.ts';
import type { Downstream, RequestHead, Upstream } from '#http/exchange.ts';
import { ListFields } from '#http/list-fields.ts';
import { answerFailure } from '../error-page.ts';
import { ownAnswerStatus } from '../routes/uncached-answer.ts';

/** Takes a request body and forgets it. */
export const discardingUpstream: Upstream = {
  writeBody: () => true,
  endBody() {},
  downstreamDrained() {},
  abort() {},
};

/** Redirects to the same address under https, keeping the method (308, RFC 9110 section 15.4.9). */
export function redirectToHttps(
  request: RequestHead,
  front: Downstream,
  options: { readonly isKnownHost: (host: string) => boolean; readonly httpsPort: number },
): Upstream {
  if (!options.isKnownHost(request.host)) {
    answerFailure(front, request, failure('no-such-host', `plain HTTP for ${request.host}`));
    return discardingUpstream;
  }
  const host = request.host.includes(':') ? `[${request.host}]` : request.host;
  const port = options.httpsPort === 443 ? '' : `:${options.httpsPort}`;
  front.respond({
    status: 308,
    fields: new ListFields([
      ...['Location', `https://${host}${port}${request.path}${request.query}`],
      ...ownAnswerStatus,
    ]),
    bodyKind: request.method === 'HEAD' ? 'none' : 'length',
    contentLength: 0,
  });
  front.end(null);
  return discardingUpstream;
}
