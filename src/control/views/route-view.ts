// Routes as the API shows them, of all three kinds: stored, declared in edge.yml, claimed by a connector's own rules; each
// with the service at home that it reaches now.
import type { AccessPolicy } from '#model/access/access-policy.ts';
import { compileRules, type RuleMatcher } from '#model/ingress/ingress-match.ts';
import { routeName, type Route } from '#model/routes/route.ts';
import { normalSteps } from '#model/routes/route-steps.ts';
import type { RouteView } from '#api/routes.ts';
import type { TunnelConnector } from '../edge-view.ts';
import { awaitsRules, lateTrouble } from './rule-set-view.ts';
import { findTunnel, TunnelIndex, type ViewSources } from './tunnel-view.ts';

/** Every route. */
export function allRoutes(sources: ViewSources): RouteView[] {
  const viewer = new RouteViewer(sources);
  const { state, look } = sources;
  const declared = sources.declared.routes.map((route) =>
    viewer.view(
      { ...bareRoute, ...route, access: route.access ?? 'public' },
      'file',
      `file:${routeName(route)}`,
    ),
  );
  const inFile = new Set(sources.declared.routes.map(routeName));
  const stored = [...state.routes.values()]
    .filter((route) => !inFile.has(routeName(route)))
    .map((route) => viewer.view(route, 'store', route.id));
  const claimed = look.claims.map((claim) =>
    viewer.view(
      { ...bareRoute, ...claim, access: accessOfClaim(sources, claim.tunnelId) },
      'claim',
      `claim:${claim.hostname}`,
    ),
  );
  return [...stored, ...declared, ...claimed];
}

/** One route by its id, or by hostname and path. */
export function findRoute(sources: ViewSources, idOrName: string): RouteView | undefined {
  const stored = sources.state.findRoute(idOrName);
  if (stored) return new RouteViewer(sources).view(stored, 'store', stored.id);
  return allRoutes(sources).find((route) => route.id === idOrName || routeName(route) === idOrName);
}

/** A claim has the access of its tunnel. */
function accessOfClaim({ state, declared }: ViewSources, tunnelId: string): AccessPolicy {
  const inFile = declared.tunnels.find(({ id }) => id === tunnelId);
  return (inFile ? inFile.access : state.tunnels.get(tunnelId)?.access) ?? 'public';
}

/** What a route has that nobody stored. */
const bareRoute = {
  path: '/',
  access: 'public',
  isEnabled: true,
  note: '',
  createdAtMs: 0,
  version: 1,
} as const;

class RouteViewer {
  readonly #sources: ViewSources;
  readonly #index: TunnelIndex;
  readonly #matchers = new Map<TunnelConnector, RuleMatcher>();

  constructor(sources: ViewSources) {
    this.#sources = sources;
    this.#index = new TunnelIndex(sources);
  }

  view(route: Omit<Route, 'id'>, source: RouteView['source'], id: string): RouteView {
    const connector = this.#index.connectorsOf(route.tunnelId).find(({ isDraining }) => !isDraining);
    const rule = connector && this.#ruleFor(connector, route);
    const isLate = connector !== undefined && awaitsRules(this.#sources, connector);
    const found = { isConnected: connector !== undefined, isLate, service: rule?.service };
    const name = findTunnel(this.#sources, route.tunnelId)?.tunnel.name ?? route.tunnelId;
    const { hostname, path, tunnelId, access, isEnabled, note, createdAtMs, version } = route;
    return {
      id,
      hostname,
      path,
      tunnelId,
      access,
      isEnabled,
      note,
      ...normalSteps(route),
      createdAtMs,
      version,
      source,
      tunnelName: name,
      service: isLate && leadsNowhere(rule?.service) ? '' : (rule?.service ?? ''),
      ...this.#statusOf({ isEnabled, ...found }, name),
      ...this.#membersOf(route),
      requests: this.#sources.look.routeTraffic.get(routeName(route))?.requests ?? 0,
    };
  }

  #membersOf(route: Pick<Route, 'hostname' | 'path'>): Pick<RouteView, 'members'> {
    const members = this.#sources.look.members?.get(routeName(route));
    return members ? { members: [...members] } : {};
  }

  #ruleFor(connector: TunnelConnector, { hostname, path }: Pick<Route, 'hostname' | 'path'>) {
    let matcher = this.#matchers.get(connector);
    if (!matcher) this.#matchers.set(connector, (matcher = compileRules(connector.rules)));
    return connector.rules[matcher.match(hostname.replace(/^\*\./, 'x.'), path)];
  }

  #statusOf(
    found: { isEnabled: boolean; isConnected: boolean; isLate: boolean; service: string | undefined },
    tunnelName: string,
  ): Pick<RouteView, 'status' | 'trouble'> {
    if (!found.isEnabled) return { status: 'disabled', trouble: '' };
    if (!found.isConnected) {
      return { status: 'down', trouble: `No connector of the tunnel ${tunnelName} is connected.` };
    }
    if (leadsNowhere(found.service)) {
      if (found.isLate) return { status: 'no-rule', trouble: lateTrouble(tunnelName) };
      return {
        status: 'no-rule',
        trouble: `The connector of ${tunnelName} has no ingress rule for this hostname and path; add one.`,
      };
    }
    return { status: 'up', trouble: '' };
  }
}

function leadsNowhere(service: string | undefined): boolean {
  return service === undefined || service === 'http_status:404';
}
