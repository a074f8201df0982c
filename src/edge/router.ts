// From canonical host and path to a route. Exact hostnames before wildcards, longer suffixes before shorter, longer
// path prefixes before shorter; prefixes end at segment borders, so `/app` is not `/apple`.
import type { RouteEntry } from '#model/edge-snapshot.ts';
import type { RouteHandler } from './route-handler.ts';

export type RouteMatch =
  | { readonly kind: 'found'; readonly route: RouteEntry; readonly handler: RouteHandler | undefined }
  | { readonly kind: 'no-such-host' }
  | { readonly kind: 'no-such-path' }
  /** An escaped slash makes the path belong to different routes for different readers. */
  | { readonly kind: 'ambiguous' };

/** An immutable table; made anew for every snapshot. */
export class Router {
  readonly #exact = new Map<string, RouteEntry[]>();
  readonly #suffix = new Map<string, RouteEntry[]>();
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
      const list = table.get(key) ?? [];
      list.push(route);
      list.sort((a, b) => b.path.length - a.path.length);
      table.set(key, list);
      this.#found.set(route, { kind: 'found', route, handler: handlerOf(route) });
    }
  }

  /** `host` and `path` in canonical form. */
  match(host: string, path: string): RouteMatch {
    const routes = this.#exact.get(host) ?? this.#wildcard(host);
    if (!routes) return noSuchHost;
    const route = longestPrefix(routes, path);
    if (routes.length > 1 && path.includes('%2F')) {
      if (longestPrefix(routes, path.replaceAll('%2F', '/')) !== route) return ambiguous;
    }
    return route ? this.#found.get(route)! : noSuchPath;
  }

  /** Whether any route exists for the hostname. */
  hasHost(host: string): boolean {
    return this.#exact.has(host) || this.#wildcard(host) !== undefined;
  }

  #wildcard(host: string): RouteEntry[] | undefined {
    if (this.#suffix.size === 0) return undefined;
    for (let dot = host.indexOf('.'); dot >= 0; dot = host.indexOf('.', dot + 1)) {
      const routes = this.#suffix.get(host.slice(dot + 1));
      if (routes) return routes;
    }
    return undefined;
  }
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
