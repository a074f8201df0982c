// The step `route` of an explanation: where the hostname and path lead, or why nowhere, with what may have been meant.
import { closestName } from '#base/text/closest-name.ts';
import type { RouteEntry, TunnelEntry } from '#model/edge-snapshot.ts';
import type { ExplainStep } from '#model/live/explain.ts';
import { hostMatches } from '#model/ingress/ingress-match.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import { routeName } from '#model/routes/route.ts';
import type { ConnectorList } from '../tunnels/connector-list.ts';
import type { Router } from '../routes/router.ts';
import { step } from './step.ts';

/** What is known of routes and claims. */
export interface RouteTools {
  readonly router: Router;
  readonly routes: readonly RouteEntry[];
  readonly tunnels: readonly TunnelEntry[];
  readonly connectors: Pick<ConnectorList, 'all'>;
}

/** Hostnames that are compared with one that has no route; the many more of a large edge would hold its traffic up. */
const maxCompared = 2_000;

/** Nothing takes the hostname or path. */
export function noRoute(tools: RouteTools, host: string, path: string): ExplainStep {
  const { router, routes } = tools;
  const unclaimed = unclaimedBy(tools, host);
  if (unclaimed) return unclaimed;
  if (router.hasHost(host)) {
    const paths = routes.filter(({ hostname }) => hostname === host).map((route) => route.path);
    return step('route', {
      status: 'failed',
      title: `No route for the path ${path}`,
      detail: `${host} is routed for ${paths.join(', ')} only.`,
      cure: `Add a route for this path, or one for the whole of ${host}.`,
    });
  }
  const near = closestName(
    host,
    routes
      .map(({ hostname }) => hostname)
      .filter(({ length }) => Math.abs(length - host.length) <= host.length / 3)
      .slice(0, maxCompared),
  );
  return step('route', {
    status: 'failed',
    title: `No route for ${host}`,
    detail:
      near === undefined
        ? 'No route has a hostname like it.'
        : `The nearest hostname with a route is ${near}.`,
    cure: `Add one with "sallyport route add ${host} --tunnel NAME", or let a tunnel claim it.`,
  });
}

/** A connector has a rule for the hostname, and its tunnel may not claim it: nobody would guess that. */
function unclaimedBy({ connectors, tunnels, router }: RouteTools, host: string): ExplainStep | undefined {
  if (router.hasHost(host)) return undefined;
  for (const [tunnelId, list] of connectors.all()) {
    if (!list.some(({ rules }) => rules.some(({ hostname }) => isNamed(hostname, host)))) continue;
    const entry = tunnels.find(({ id }) => id === tunnelId);
    const name = entry?.name ?? tunnelId;
    return step('route', {
      status: 'failed',
      title: `The tunnel ${name} may not claim ${host}`,
      detail: `A connector of it has an ingress rule for the hostname; the tunnel may claim ${entry?.hostnames.join(', ') || 'none'}.`,
      cure: `Allow the tunnel ${name} the hostname, or add a route for it.`,
      facts: { tunnel: name, tunnelId },
    });
  }
  return undefined;
}

function isNamed(pattern: string, host: string): boolean {
  return pattern !== '' && pattern !== '*' && hostMatches(pattern, host);
}

/** A tunnel's name. */
export function nameOf({ tunnels }: Pick<RouteTools, 'tunnels'>, tunnelId: string): string {
  return tunnels.find(({ id }) => id === tunnelId)?.name ?? tunnelId;
}

/** The route that takes it. */
export function routeStep(route: RouteEntry, tools: Pick<RouteTools, 'tunnels'>): ExplainStep {
  const tunnel = nameOf(tools, route.tunnelId);
  return step('route', {
    status: 'ok',
    title: `${routeName(route)} leads to ${isLocalTunnelId(route.tunnelId) ? 'this edge itself' : `the tunnel ${tunnel}`}`,
    detail: '',
    facts: { route: routeName(route), tunnel, tunnelId: route.tunnelId },
  });
}
