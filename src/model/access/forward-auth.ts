// Sites whose traffic does not come through this edge: another proxy (Caddy, nginx, Traefik) serves them, and asks the edge at
// each request who may pass. The edge rebuilds the request from the fields of that proxy and decides as for a route of its own.
import type { AccessPolicy } from './access-policy.ts';
import { signInBase } from './sign-in-passage.ts';

/** One site of another proxy. */
export interface ForwardSite {
  /** Canonical hostname or `*.suffix`. */
  readonly hostname: string;
  /** Segment-aware path prefix, '/' for all. */
  readonly path: string;
  readonly access: AccessPolicy;
  /** The https port under which its visitors know it. */
  readonly port: number;
}

/** Who may ask, and about what. */
export interface ForwardAuth {
  /** Addresses and prefixes of the proxies. */
  readonly from: readonly string[];
  readonly sites: readonly ForwardSite[];
}

/** Where they ask, on the dashboard's hostname. */
export const forwardPaths = {
  /** Caddy and Traefik: the answer goes to the visitor as it is, unless it is 200. */
  forwardAuth: `${signInBase}/forward-auth`,
  /** nginx's auth_request: 200, 401 or 403. */
  authRequest: `${signInBase}/auth-request`,
  /** The edge's own pages on such a site, and where nginx leads whom it turned away; asked with the visitor's own method and body. */
  visitorPages: `${signInBase}/visitor-pages`,
} as const;

/** The site's own port; undefined for a hostname that is none of them. */
export function forwardPortOf(forward: ForwardAuth | undefined, host: string): number | undefined {
  const sites = forward?.sites ?? [];
  const exact = sites.find(({ hostname }) => hostname === host);
  return (
    exact ?? sites.find(({ hostname }) => hostname.startsWith('*.') && host.endsWith(hostname.slice(1)))
  )?.port;
}
