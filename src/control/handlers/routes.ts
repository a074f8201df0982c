// Handlers of the operations on routes, and the two that answer "what is open?" and "where does it stop?".
import type { routeOperations, RouteView } from '#api/routes.ts';
import type { Explanation, ExplainStep } from '#model/live/explain.ts';
import { parsePortName, portName } from '#model/port.ts';
import { routeName } from '#model/routes/route.ts';
import { SallyportError } from '#base/errors.ts';
import { createRoute, deleteRoute, updateRoute } from '../commands/routes.ts';
import { required } from '../control-state.ts';
import type { Handlers } from '../http/handler.ts';
import type { Clock } from '#base/clock.ts';
import type { ExposureWatch } from '../exposure/exposure-watch.ts';
import { exposedPorts, exposures } from '../views/exposure.ts';
import { adminTrouble } from '../views/admin-troubles.ts';
import { pageOfList } from '../views/listing.ts';
import { allRoutes, findRoute } from '../views/route-view.ts';
import { findTunnel, lookAt, type Sources } from '../views/tunnel-view.ts';

/** What they need beside the two sides. */
export type RouteSources = Sources & { readonly clock: Clock; readonly exposure: ExposureWatch };

/** How often, and how many times, a rule is looked for that is on its way: five seconds in all. */
const ruleEveryMs = 200;
const maxLooks = 25;

/** Makes them. */
export function routeHandlers(both: RouteSources): Handlers<keyof typeof routeOperations> {
  const { control, edge, clock } = both;
  const view = async (idOrName: string): Promise<RouteView> =>
    required(findRoute(await lookAt(both), idOrName), 'route', idOrName);
  /** A route that was just added: its rule is on the way to the connector. */
  const served = async (idOrName: string): Promise<RouteView> => {
    for (let look = 0; look < maxLooks; look++) {
      const route = await view(idOrName);
      if (route.status !== 'no-rule') return route;
      await new Promise<void>((resolve) => clock.after(ruleEveryMs, resolve));
    }
    return await view(idOrName);
  };
  return {
    async listRoutes({ query }) {
      const sources = await lookAt(both);
      const tunnelId =
        query.tunnel === undefined ? undefined : (findTunnel(sources, query.tunnel)?.tunnel.id ?? '');
      return pageOfList({
        items: allRoutes(sources).filter(
          (route) =>
            (tunnelId === undefined || route.tunnelId === tunnelId) &&
            (query.source === undefined || route.source === query.source),
        ),
        ...query,
        search: query.search,
        cursor: query.cursor,
        texts: (route) => [routeName(route), route.tunnelName, route.service, route.note],
        key: (route) => sortKey(route, query.sort),
      });
    },
    async createRoute({ body }, { caller }) {
      const { id } = await control.run(createRoute(body), caller);
      return view(id);
    },
    getRoute: ({ params }) => view(params.route),
    async updateRoute({ params, body, ifMatch }, { caller }) {
      const { id } = await control.run(updateRoute(params.route, body, ifMatch), caller);
      return view(id);
    },
    async deleteRoute({ params, ifMatch }, { caller }) {
      await control.run(deleteRoute(params.route, ifMatch), caller);
      return undefined;
    },
    async listExposed({ query }) {
      const sources = await lookAt(both);
      const wanted = (query.search ?? '').toLowerCase();
      return {
        items: exposures(sources).filter((each) =>
          [each.url, each.tunnelName, each.service].some((text) => text.toLowerCase().includes(wanted)),
        ),
        ports: exposedPorts(sources).filter((each) =>
          [each.name, each.tunnelName, each.service].some((text) => text.toLowerCase().includes(wanted)),
        ),
      };
    },
    async recogniseRoute({ params }) {
      const route = await served(params.route);
      const product = await both.exposure.check(route);
      if (product === undefined) return { product: null, warning: '' };
      const { title, cure } = adminTrouble(route, product);
      return { product, warning: `${title}. ${cure}` };
    },
    async testAccess({ body }, { identity }) {
      // Who is a user, and in which groups, is not for everybody to find out.
      if (body.user !== undefined && !identity.scopes.has('users:read')) {
        throw new SallyportError('forbidden', 'To ask for a user takes the scope users:read.');
      }
      const { user: named, ...rest } = body;
      const user = named === undefined ? undefined : required(control.state.findUser(named), 'user', named);
      return await edge.testAccess({
        ...rest,
        url: webAddress(body.url).href,
        user: user && {
          name: user.name,
          email: user.isEmailVouched ? (user.email ?? '') : '',
          ...{ role: user.role, groups: user.groups },
        },
      });
    },
    async explain({ body }) {
      const port = parsePortName(body.url);
      const url = port ? portName(port) : webAddress(body.url).href;
      return explanationOf(url, await edge.explain({ url, method: body.method }));
    },
  };
}

/** A URL, or a hostname with or without a path, of a site that the edge may serve. */
export function webAddress(text: string): URL {
  const withScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? text : `https://${text}`;
  if (URL.canParse(withScheme)) {
    const url = new URL(withScheme);
    if (url.protocol === 'https:' || url.protocol === 'http:') return url;
  }
  throw new SallyportError(
    'invalid',
    `"${text}" is no web address; give one such as https://blog.example.com/.`,
  );
}

/** The steps with their sum: where the way stops, in one sentence. */
export function explanationOf(url: string, steps: readonly ExplainStep[]): Explanation {
  const failed = steps.find(({ status }) => status === 'failed');
  const warnings = steps.filter(({ status }) => status === 'warning').length;
  const verdict = failed
    ? `It stops at ${failed.title}: ${failed.detail}`
    : warnings > 0
      ? `It works, with ${warnings === 1 ? 'one warning' : `${warnings} warnings`}.`
      : 'It works.';
  return { url, stopsAt: failed?.step ?? null, verdict, steps: [...steps] };
}

function sortKey(route: RouteView, sort: 'hostname' | 'tunnel' | 'createdAt' | 'requests'): string | number {
  switch (sort) {
    case 'hostname':
      return routeName(route);
    case 'tunnel':
      return `${route.tunnelName} ${routeName(route)}`;
    case 'createdAt':
      return route.createdAtMs;
    case 'requests':
      return route.requests;
  }
}
