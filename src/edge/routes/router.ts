// From canonical host and path to a route. Exact hostnames before wildcards, longer suffixes before shorter, longer
// path prefixes before shorter; prefixes end at segment borders, so `/app` is not `/apple`.
//
// Beside a protected route, a path that the origin could read as one below it is nobody's: the route that it has here by its
// canonical form might be open (http/access/path-readings.ts).
import { isPublic } from '#http/access/compiled-policy.ts';
import { compilePath, mayBeBelow, type PathPattern, readingsOf } from '#http/access/path-readings.ts';
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { RouteHandler } from './route-handler.ts';

export type RouteMatch =
  | { readonly kind: 'found'; readonly route: RouteEntry; readonly handler: RouteHandler | undefined }
  | { readonly kind: 'no-such-host' }
  | { readonly kind: 'no-such-path' }
  /** The path belongs to different routes for different readers. */
  | { readonly kind: 'ambiguous' };

/** An immutable table; made anew for every snapshot. */
export class Router {
  readonly #exact = new Map<string, HostRoutes>();
  readonly #suffix = new Map<string, HostRoutes>();
  readonly #found = new Map<RouteEntry, RouteMatch>();

  /** `handlerOf` makes what each route does on the way, once. */
  constructor(
    routes: readonly RouteEntry[],
    handlerOf: (route: RouteEntry) => RouteHandler | undefined = () => undefined,
  ) {
    for (const route of routes) {
      const isWildcard = route.hostname.startsWith('*.');
      const table = isWildcard ? this.#suffix : this.#exact;
      const key = isWildcard ? route.hostname.slice(2) : route.hostname;
      const host = table.get(key) ?? { routes: [], guards: [] };
      host.routes.push(route);
      host.routes.sort((a, b) => b.path.length - a.path.length);
      if (!isPublic(route.access)) host.guards.push({ route, pattern: compilePath(route.path) });
      table.set(key, host);
      this.#found.set(route, { kind: 'found', route, handler: handlerOf(route) });
    }
  }

  /** `host` and `path` in canonical form. */
  match(host: string, path: string): RouteMatch {
    const found = this.#exact.get(host) ?? this.#wildcard(host);
    if (!found) return noSuchHost;
    const { routes, guards } = found;
    const route = longestPrefix(routes, path);
    // HOT: a hostname that is protected whole, which is how most are, asks nothing.
    const isGuarded = guards.length > 1 || (guards.length === 1 && guards[0]!.route !== route);
    if (isGuarded && maySlipPast(guards, path, route)) return ambiguous;
    if (routes.length > 1 && path.includes('%2F')) {
      if (longestPrefix(routes, path.replaceAll('%2F', '/')) !== route) return ambiguous;
    }
    return route ? this.#found.get(route)! : noSuchPath;
  }

  /** The routes of a hostname, those of a wildcard where it has none of its own. */
  routesOf(host: string): readonly RouteEntry[] {
    return (this.#exact.get(host) ?? this.#wildcard(host))?.routes ?? [];
  }

  /** Whether any route exists for the hostname. */
  hasHost(host: string): boolean {
    return this.#exact.has(host) || this.#wildcard(host) !== undefined;
  }

  #wildcard(host: string): HostRoutes | undefined {
    if (this.#suffix.size === 0) return undefined;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const routes = this.#suffix.get(host.slice(dot + 1));
      if (routes) return routes;
    }
    return undefined;
  }
}

/** What stands under one hostname. */
interface HostRoutes {
  readonly routes: RouteEntry[];
  /** Protected parts of it. */
  readonly guards: Guard[];
}

interface Guard {
  readonly route: RouteEntry;
  readonly pattern: PathPattern;
}

/** Not a protected route's own as it is written, but as somebody may read it. */
function maySlipPast(guards: readonly Guard[], path: string, found: RouteEntry | undefined): boolean {
  const readings = readingsOf(path);
  if (readings.loose === path) return false;
  return guards.some(({ route, pattern }) =>
    readings.isSlippery ? route !== found : !isUnder(path, route.path) && mayBeBelow(readings, pattern),
  );
}

function longestPrefix(routes: readonly RouteEntry[], path: string): RouteEntry | undefined {
  for (const route of routes) if (isUnder(path, route.path)) return route;
  return undefined;
}

/** Whether `path` is `prefix` or below it, at a segment border. */
export function isUnder(path: string, prefix: string): boolean {
  if (prefix === '/') return true;
  if (!path.startsWith(prefix)) return false;
  return prefix.endsWith('/') || path.length === prefix.length || path.charCodeAt(prefix.length) === 0x2f;
}

const noSuchHost: RouteMatch = { kind: 'no-such-host' };
const noSuchPath: RouteMatch = { kind: 'no-such-path' };
const ambiguous: RouteMatch = { kind: 'ambiguous' };
