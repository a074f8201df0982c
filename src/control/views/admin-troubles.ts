// Administration pages that anybody can reach, among the troubles: so they reach the log, `status`, the dashboard and every
// channel. Which routes are such pages, exposure/exposure-watch.ts has found out.
import type { RouteView } from '#api/routes.ts';
import { isOpenToAll } from '#model/access/access-policy.ts';
import { routeName } from '#model/routes/route.ts';
import type { Trouble } from '#model/notifications/trouble.ts';
import type { ViewSources } from './tunnel-view.ts';

/** More are left out. */
const maxOfKind = 50;

/** Those that are known now. */
export function adminTroubles({ products }: ViewSources, routes: readonly RouteView[]): Trouble[] {
  if (!products || products.size === 0) return [];
  return routes
    .filter(({ id, isEnabled, access }) => isEnabled && products.has(id) && isOpenToAll(access))
    .slice(0, maxOfKind)
    .map((route) => adminTrouble(route, products.get(route.id)!));
}

/** What there is to say of a route that is this product, and public. */
export function adminTrouble(route: RouteView, product: string): Trouble {
  return {
    id: `admin:${route.id}`,
    severity: 'error',
    title: `${routeName(route)} is ${product}, and anybody can reach it`,
    detail: `It answers as ${product} does. Whoever finds it may guess at its password, or use a fault of it.`,
    cure: adminCures[route.source](route),
    sinceMs: null,
    noun: 'route',
    objectId: route.id,
  };
}

/** Where the policy of a route is kept, and what takes the warning away where it is meant to be open. */
const adminCures: Record<RouteView['source'], (route: RouteView) => string> = {
  store: (route) =>
    `Say who may: "sallyport access set ${routeName(route)} --access private". If it is meant to be open: "--access public-on-purpose".`,
  file: () =>
    'Say who may with "access: private" at its route in edge.yml, or "access: public-on-purpose" if it is meant to be open.',
  claim: ({ tunnelName }) =>
    `Say who may with the access of the tunnel ${tunnelName}: private, or public-on-purpose if it is meant to be open.`,
};
