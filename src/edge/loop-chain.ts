// CDN-Loop (RFC 8586): which proxies a request has passed, so that one that comes back is known.
import type { RequestHead } from '#http/exchange.ts';

/** The values of all CDN-Loop lines as one, undefined without any; who passes a request on may add a line of its own. */
export function loopChain({ fields }: RequestHead): string | undefined {
  if (fields.get('cdn-loop') === undefined) return undefined;
  const values: string[] = [];
  fields.forEach((name, value) => {
    if (name.toLowerCase() === 'cdn-loop') values.push(value);
  });
  return values.join(', ');
}
