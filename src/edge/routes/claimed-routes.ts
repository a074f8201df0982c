// Routes that come by themselves: a hostname in a connector's published rules that matches a pattern its tunnel may
// claim. One line at home and nothing else. A claim outlives the connection, so that a visitor is told "no connector"
// rather than "no such site" while the connector is away; it ends when the tunnel publishes rules without it.
import { matchesHostPattern } from '#base/net/hostname.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import type { EdgeSnapshot, RouteEntry } from '#model/edge-snapshot.ts';

export class ClaimedRoutes {
  readonly #byTunnel = new Map<string, readonly string[]>();

  /** Notes what a tunnel publishes now; returns whether its claims have changed, or are known for the first time. */
  publish(tunnelId: string, rules: PublishedRules): boolean {
    const hostnames = [
      ...new Set(rules.rules.map((rule) => rule.hostname).filter((name) => name !== '' && name !== '*')),
    ];
    const before = this.#byTunnel.get(tunnelId);
    this.#byTunnel.set(tunnelId, hostnames);
    return !before || before.length !== hostnames.length || before.some((name, i) => name !== hostnames[i]);
  }

  /** What each tunnel has claimed so far, for an edge that takes over from this one. */
  get known(): [string, readonly string[]][] {
    return [...this.#byTunnel];
  }

  /** What tunnels claimed at the edge that this one takes over from. */
  remember(known: readonly (readonly [string, readonly string[]])[]): void {
    for (const [tunnelId, hostnames] of known) this.#byTunnel.set(tunnelId, hostnames);
  }

  /** Whether a tunnel has published anything yet; before that its claims are not known, which is not the same as none. */
  hasHeard(tunnelId: string): boolean {
    return this.#byTunnel.has(tunnelId);
  }

  /** The declared routes and then the claims; what is declared, or was claimed first, stands. */
  routes(snapshot: EdgeSnapshot): RouteEntry[] {
    const routes = [...snapshot.routes];
    const taken = new Set(routes.map((route) => route.hostname));
    for (const tunnel of snapshot.tunnels) {
      for (const hostname of this.#byTunnel.get(tunnel.id) ?? []) {
        if (taken.has(hostname) || !tunnel.hostnames.some((pattern) => covers(pattern, hostname))) continue;
        taken.add(hostname);
        const access = tunnel.access === undefined ? {} : { access: tunnel.access };
        routes.push({ ...snapshot.claimedRoutes, ...access, hostname, path: '/', tunnelId: tunnel.id });
      }
    }
    return routes;
  }
}

/** A claimed wildcard must lie within the pattern too. */
function covers(pattern: string, hostname: string): boolean {
  return pattern === hostname || matchesHostPattern(pattern, hostname.replace(/^\*\./, 'x.'));
}
