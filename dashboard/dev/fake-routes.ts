// Routes, what is exposed, and explanations of the world in memory.
import type { RouteView } from '#api/routes.ts';
import { type ExplainStep, explainSteps } from '#model/live/explain.ts';
import { routeStepNames } from '#model/routes/route-steps.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import type { FakeWorld } from './fake-world.ts';

type RouteIds =
  | 'listRoutes'
  | 'createRoute'
  | 'getRoute'
  | 'updateRoute'
  | 'deleteRoute'
  | 'listExposed'
  | 'recogniseRoute'
  | 'testAccess'
  | 'explain';

/** Handlers of these operations. */
export function routeHandlers(world: FakeWorld): Pick<Handlers, RouteIds> {
  const find = (id: string): RouteView => {
    const route = world.routes.find((candidate) => candidate.id === id || candidate.hostname === id);
    if (route === undefined) throw new Refusal('not-found', `There is no route ${id}.`);
    return route;
  };
  const tunnelOf = (name: string) => {
    const tunnel = world.tunnels.find(({ view }) => view.name === name || view.id === name);
    if (tunnel === undefined)
      throw new Refusal('invalid', `There is no tunnel ${name}.`, {
        errors: [{ path: 'tunnel', message: 'is not there' }],
      });
    return tunnel.view;
  };
  return {
    listRoutes({ query }) {
      const key = {
        hostname: 'hostname',
        tunnel: 'tunnelName',
        createdAt: 'createdAtMs',
        requests: 'requests',
      } as const;
      const all = world.routes
        .filter(
          (route) =>
            (query.tunnel === undefined || route.tunnelName === query.tunnel) &&
            (query.source === undefined || route.source === query.source) &&
            `${route.hostname}${route.path} ${route.tunnelName} ${route.service}`.includes(
              query.search ?? '',
            ),
        )
        .toSorted(
          (a, b) => compare(a[key[query.sort]], b[key[query.sort]]) * (query.order === 'asc' ? 1 : -1),
        );
      return page(all, query);
    },
    createRoute({ body }) {
      if (world.routes.some((route) => route.hostname === body.hostname && route.path === body.path)) {
        throw new Refusal(
          'conflict',
          `${body.hostname}${body.path} is a route already; change that one instead.`,
        );
      }
      const tunnel = tunnelOf(body.tunnel);
      const route: RouteView = {
        ...{
          id: world.uuid(),
          hostname: body.hostname,
          path: body.path,
          tunnelId: tunnel.id,
          tunnelName: tunnel.name,
        },
        ...{
          access: body.access,
          isEnabled: body.isEnabled,
          note: body.note,
          createdAtMs: Date.now(),
          version: 1,
          source: 'store',
        },
        ...{
          service: body.service ?? '',
          status: tunnel.connectors > 0 ? 'up' : 'down',
          trouble: '',
          requests: 0,
        },
      };
      world.routes.push(route);
      world.changed('created', 'route', route.hostname, null, body);
      return route;
    },
    getRoute: ({ params }) => find(params.route),
    updateRoute({ params, body }) {
      const route = find(params.route);
      const before = { ...route };
      const { tunnel, ...rest } = body;
      Object.assign(route, rest, { version: route.version + 1 });
      for (const name of routeStepNames) if (route[name] === null) delete route[name];
      if (tunnel !== undefined)
        Object.assign(route, { tunnelId: tunnelOf(tunnel).id, tunnelName: tunnelOf(tunnel).name });
      route.status = route.isEnabled ? 'up' : 'disabled';
      world.changed('changed', 'route', route.hostname, before, route);
      return route;
    },
    deleteRoute({ params }) {
      const route = find(params.route);
      world.routes = world.routes.filter((candidate) => candidate !== route);
      world.changed('deleted', 'route', route.hostname, route, null);
      return undefined;
    },
    listExposed({ query }) {
      const items = world.routes
        .filter((route) => route.isEnabled && route.hostname.includes(query.search ?? ''))
        .map((route, i) => ({
          ...{
            hostname: route.hostname,
            path: route.path,
            url: `https://${route.hostname}${route.path}`,
            access: 'public',
          },
          warning: route.hostname.startsWith('grafana')
            ? 'This looks like an admin interface, and anybody can reach it.'
            : '',
          ...{
            tunnelId: route.tunnelId,
            tunnelName: route.tunnelName,
            service: route.service,
            source: route.source,
          },
          isUp: route.status === 'up',
          certificate:
            i === 1
              ? {
                  state: 'expiring' as const,
                  detail: "Let's Encrypt, renewal failed twice",
                  expiresAtMs: Date.now() + 6 * 86_400_000,
                }
              : {
                  state: 'good' as const,
                  detail: "Let's Encrypt",
                  expiresAtMs: Date.now() + 61 * 86_400_000,
                },
          dns:
            i === 2
              ? { state: 'unmanaged' as const, detail: 'points elsewhere' }
              : { state: 'good' as const, detail: 'A 203.0.113.10' },
        }));
      return { items, ports: [] };
    },
    recogniseRoute: () => ({ product: null, warning: '' }),
    testAccess: ({ body }) => ({
      ...{ verdict: 'allow', rule: 1, by: 'anyone', reason: 'allowed', policy: 'public' },
      ...{
        route: new URL(body.url).hostname,
        path: new URL(body.url).pathname,
        takes: ['anyone'],
        lacks: [],
        opens: [],
      },
      sentence: `somebody unknown gets ${body.url}: a rule lets it through: rule 1, anyone.`,
    }),
    explain: ({ body }) => explanation(world, body.url),
  };
}

function explanation(world: FakeWorld, url: string): ReturnType<Handlers['explain']> {
  const parsed = URL.parse(url.includes('://') ? url : `https://${url}`);
  if (parsed === null)
    throw new Refusal('invalid', `"${url}" is no URL; write it as https://blog.example.com/.`);
  const route = world.routes.find(({ hostname }) => hostname === parsed.hostname);
  const stopsAt =
    route === undefined
      ? 'route'
      : route.status === 'up'
        ? null
        : route.status === 'disabled'
          ? 'route'
          : 'connector';
  const stop = stopsAt === null ? explainSteps.length : explainSteps.indexOf(stopsAt);
  const words: Record<string, [string, string]> = {
    url: ['A well-formed URL', `${parsed.hostname}, path ${parsed.pathname}`],
    dns: ['The name leads here', `${parsed.hostname} has the address 203.0.113.10, which is this edge's.`],
    certificate: ['A certificate covers it', "Let's Encrypt, valid for another 61 days."],
    route: [
      route === undefined
        ? `No route for ${parsed.hostname}`
        : `Route ${parsed.hostname} to tunnel ${route.tunnelName}`,
      route === undefined
        ? 'No route and no published hostname covers it, so that the edge answers 404.'
        : 'The most specific of 12 routes.',
    ],
    access: ['Anybody may', 'No access rule applies.'],
    cache: ['Not cached', 'The edge keeps no copies of this route.'],
    connector: [
      stopsAt === 'connector'
        ? `Tunnel ${route?.tunnelName} has no connector`
        : 'Connector home-nuc takes it',
      'Connection 2 of 4, 14 ms away.',
    ],
    rule: ['Rule 1 matches', `${parsed.hostname} to ${route?.service}`],
    page: ['All 12 of the page load', ''],
    origin: ['The origin answers 200', `${route?.service} answered to HEAD ${parsed.pathname}.`],
  };
  // A plain route: steps that it does not have are not there.
  const shown = explainSteps.map((step, i) => [step, i] as const).filter(([step]) => step in words);
  const steps = shown.map(([step, i]): ExplainStep => ({
    step,
    status: i < stop ? 'ok' : i === stop ? 'failed' : 'skipped',
    title: i > stop ? 'Not reached' : words[step]![0],
    detail: i > stop ? '' : words[step]![1],
    cure:
      i === stop
        ? stopsAt === 'route'
          ? `sallyport route add ${parsed.hostname} --tunnel home`
          : 'Start a connector with the token of this tunnel.'
        : '',
    ms: i >= stop || step === 'url' ? null : 0.3 + i * 2.1,
    facts:
      step === 'origin' && i < stop ? { status: '200', server: 'nginx', 'content-type': 'text/html' } : {},
  }));
  return {
    url: parsed.href,
    stopsAt,
    verdict:
      stopsAt === null
        ? `${parsed.hostname} works: the origin answers 200 in 23 ms.`
        : `${words[stopsAt]![0]}; that is as far as a request comes.`,
    steps,
  };
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}

/** One page of a list. */
export function page<T>(
  all: readonly T[],
  query: { readonly limit: number; readonly cursor?: string | undefined },
) {
  const start = Number(query.cursor ?? 0);
  const next = start + query.limit;
  return {
    items: all.slice(start, next),
    nextCursor: next < all.length ? String(next) : null,
    total: all.length,
  };
}
