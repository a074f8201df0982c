// "What is open?": every hostname and path that the public can reach right now, who may, and where it leads. The edge's own
// pages are in the list like everybody else's.
import type { Exposure, RouteView } from '#api/routes.ts';
import type { ViewSources } from './tunnel-view.ts';
import { allRoutes } from './route-view.ts';

/** Products that are administered in the browser, by a word of their hostname or service; a hint, not a proof. */
const adminWords =
  /\b(admin|argocd|headplane|harbor|portainer|proxmox|pve|grafana|prometheus|traefik|kube(rnetes)?|vault|phpmyadmin|pgadmin|adminer|unifi|router|nas|longhorn|rancher|jenkins|gitea-admin|keycloak|authentik)\b/i;

/** The list, by hostname and path. */
export function exposures(sources: ViewSources): Exposure[] {
  return allRoutes(sources)
    .filter(({ isEnabled }) => isEnabled)
    .map((route) => exposureOf(sources, route))
    .sort((a, b) => a.hostname.localeCompare(b.hostname) || a.path.localeCompare(b.path));
}

function exposureOf({ edge }: ViewSources, route: RouteView): Exposure {
  const { hostname, path, tunnelId, tunnelName, service, source, status } = route;
  const port = edge.httpsPort === 443 ? '' : `:${edge.httpsPort}`;
  return {
    hostname,
    path,
    url: `https://${hostname}${port}${path}`,
    access: 'public',
    warning: adminWords.test(`${hostname} ${path} ${service}`)
      ? 'This looks like an administration page, and anybody can reach it.'
      : '',
    tunnelId,
    tunnelName,
    service,
    source,
    isUp: status === 'up',
    certificate: edge.certificateOf(hostname),
    dns: edge.dnsOf(hostname),
  };
}
