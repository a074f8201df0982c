// The id of a request: the edge makes one, or keeps the one that a trusted client (a proxy or CDN in front) gave it. It stands
// in the access log, in error pages and in X-Request-Id for the origin.
import type { CidrSet } from '#base/net/ip.ts';
import type { RequestHead } from '#http/exchange.ts';

/** What ids are made of, so that they can stand in logs, addresses and headers; as long as the tunnel protocol has room for. */
const valid = /^[A-Za-z0-9._~=:@-]{8,64}$/;

/** X-Request-Id as a client in `from` sent it, once; undefined when it is absent or not fit to be one. */
export function givenRequestId({ fields, client }: RequestHead, from: CidrSet): string | undefined {
  if (!from.has(client.address)) return undefined;
  let given: string | undefined;
  let count = 0;
  fields.forEach((name, value) => {
    if (name.toLowerCase() !== 'x-request-id') return;
    count += 1;
    given = value;
  });
  return count === 1 && valid.test(given!) ? given : undefined;
}
