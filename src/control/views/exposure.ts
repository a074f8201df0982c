// "What is open?": every hostname and path that the public can reach right now, who may, and where it leads. The edge's own
// pages are in the list like everybody else's.
import type { ExposedPort, Exposure, RouteView } from '#api/routes.ts';
import { describePolicy, isOpenToAll } from '#model/access/access-policy.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';
import type { CertificateState, EdgeLook } from '../edge-view.ts';
import type { ViewSources } from './tunnel-view.ts';
import { allPorts } from './port-view.ts';
import { allRoutes } from './route-view.ts';

/** Products that are administered in the browser, by a word of their hostname or service; a hint, not a proof. */
const adminWords =
  /\b(admin|argocd|headplane|harbor|portainer|proxmox|pve|grafana|prometheus|traefik|kube(rnetes)?|vault|phpmyadmin|pgadmin|adminer|unifi|router|nas|longhorn|rancher|jenkins|gitea-admin|keycloak|authentik)\b/i;

/** The list, by hostname and path. */
export function exposures(sources: ViewSources): Exposure[] {
  const routes = allRoutes(sources).filter(({ isEnabled }) => isEnabled);
  return [...dashboardExposure(sources), ...routes.map((route) => exposureOf(sources, route))].sort(
    (a, b) => a.hostname.localeCompare(b.hostname) || a.path.localeCompare(b.path),
  );
}

/** Services that ask for little more than a password, by the number that they usually have or a word of their name. */
const innerPorts: ReadonlySet<number> = new Set([
  22, 23, 445, 1433, 2375, 3306, 3389, 5432, 5900, 6379, 9200, 11211, 27017,
]);

/** Ports that take connections now, by name. */
export function exposedPorts(sources: ViewSources): ExposedPort[] {
  return allPorts(sources)
    .filter(({ isEnabled, isOpen }) => isEnabled && isOpen)
    .map(({ name, port, service, from, tunnelId, tunnelName, source, status }) => {
      const innerPort = Number(/:(\d+)$/.exec(service)?.[1] ?? port);
      return {
        ...{ name, service, tunnelId, tunnelName, source },
        access: from.length === 0 ? 'public' : from.join(', '),
        warning:
          from.length === 0 && (innerPorts.has(innerPort) || innerPorts.has(port))
            ? `Port ${innerPort} is usually for insiders, and anybody can reach it; say who may connect (from).`
            : '',
        isUp: status === 'up',
      };
    });
}

/** The dashboard and the API, which guard themselves. */
function dashboardExposure({ facts, look }: ViewSources): Exposure[] {
  if (facts.dashboardUrl === '') return [];
  const { hostname, pathname } = new URL(facts.dashboardUrl);
  return [
    {
      hostname,
      path: pathname,
      url: facts.dashboardUrl,
      access: 'users of this edge',
      warning: '',
      tunnelId: dashboardTunnelId,
      tunnelName: 'this edge',
      service: 'dashboard and API',
      source: 'edge',
      isUp: true,
      certificate: look.certificates.get(hostname) ?? noCertificate,
      dns: dnsOf(look, hostname),
    },
  ];
}

function exposureOf({ facts, look, products }: ViewSources, route: RouteView): Exposure {
  const { hostname, path, tunnelId, tunnelName, service, source, status } = route;
  const port = facts.httpsPort === 443 ? '' : `:${facts.httpsPort}`;
  return {
    hostname,
    path,
    url: `https://${hostname}${port}${path}`,
    access: describePolicy(route.access),
    warning: warningOf(route, products?.get(route.id)),
    tunnelId,
    tunnelName,
    service,
    source,
    isUp: status === 'up',
    certificate: look.certificates.get(hostname) ?? noCertificate,
    dns: dnsOf(look, hostname),
  };
}

/** What was recognised by its answer is known; what only is called so is a guess. */
function warningOf({ hostname, path, service, access }: RouteView, product: string | undefined): string {
  if (!isOpenToAll(access)) return '';
  if (product !== undefined) return `This is ${product}, an administration page, and anybody can reach it.`;
  return adminWords.test(`${hostname} ${path} ${service}`)
    ? 'This looks like an administration page, and anybody can reach it.'
    : '';
}

const noCertificate: CertificateState = {
  state: 'missing',
  detail: 'The edge has no certificate for this hostname.',
  expiresAtMs: null,
};

/** The state of a hostname's records; what is to be done is part of the sentence here. */
function dnsOf({ dns }: EdgeLook, hostname: string): Exposure['dns'] {
  const found = dns.get(hostname);
  if (!found) return { state: 'unmanaged', detail: 'The records of this hostname are kept elsewhere.' };
  const { state, detail, cure } = found;
  return { state, detail: `${detail} ${cure}`.trim() };
}
