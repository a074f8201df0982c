// One site under two names, `example.com` and `www.example.com`: which of the two visitors end up at. The other name needs
// no route of its own; it is served (and gets its certificate and DNS record) for the sake of the redirect.
import { z } from 'zod';

export const canonicalHostSchema = z.enum(['apex', 'www']).meta({
  description:
    'Where visitors end up: `apex` at the hostname without `www.`, `www` at the one with it. The other name is served for the redirect, unless it has a route of its own.',
});

/** As parsed. */
export type CanonicalHost = z.output<typeof canonicalHostSchema>;

/** The name that a hostname is redirected to; undefined where visitors are there already. */
export function canonicalNameOf(host: string, canonical: CanonicalHost): string | undefined {
  const isWww = host.startsWith('www.');
  if (canonical === 'www') return isWww ? undefined : `www.${host}`;
  return isWww ? host.slice(4) : undefined;
}

/** The other name of a hostname: with `www.` or without. A pattern has none. */
export function siblingOf(hostname: string): string | undefined {
  if (hostname.startsWith('*.')) return undefined;
  return hostname.startsWith('www.') ? hostname.slice(4) : `www.${hostname}`;
}
