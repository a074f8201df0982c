// Which hostnames shall lead to this edge: those of the routes in force, those whose TLS is passed on, and the edge's own.
import { isLocalhost, matchesHostPattern } from '#base/net/hostname.ts';
import { isAddress } from '#base/net/ip.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { DesiredName } from '#model/dns/desired-name.ts';
import type { PortEntry, RouteEntry, TunnelEntry } from '#model/edge-snapshot.ts';

/** Stands for the edge itself where a route's id stands for others. */
export const edgeRouteId = 'edge';

/** Every hostname once, with the tunnel of its first route or port; the edge's own first, where its addresses are known. */
export function desiredNames(
  { hostname, dns }: EdgeConfig,
  routes: readonly Pick<RouteEntry, 'hostname' | 'tunnelId'>[],
  ports: readonly Pick<PortEntry, 'protocol' | 'hostname' | 'tunnelId'>[] = [],
): DesiredName[] {
  const names = new Map<string, string>();
  const needsDns = (name: string): boolean => !isAddress(name) && !isLocalhost(name);
  const isOwnMade = hostname !== undefined && needsDns(hostname) && (dns?.addresses.length ?? 0) > 0;
  if (isOwnMade) names.set(hostname, edgeRouteId);
  // A TCP or UDP port's hostname only names an ingress rule; clients of TLS ask for theirs.
  const passedOn = ports.filter(({ protocol }) => protocol === 'tls');
  for (const route of [...routes, ...passedOn]) {
    if (!names.has(route.hostname) && needsDns(route.hostname)) names.set(route.hostname, route.tunnelId);
  }
  return [...names].map(([name, routeId]) => ({ hostname: name, routeId }));
}

/** Whether a tunnel that may claim hostnames could claim this one. */
export function isClaimable(tunnels: readonly TunnelEntry[], hostname: string, tunnelId: string): boolean {
  const tunnel = tunnels.find(({ id }) => id === tunnelId);
  return (
    tunnel?.hostnames.some(
      (pattern) => pattern === hostname || matchesHostPattern(pattern, hostname.replace(/^\*\./, 'x.')),
    ) ?? false
  );
}
