// What an edge serves, put together: what edge.yml declares, what the store holds beside it, and the edge's own dashboard.
// The result has the form of an edge.yml that declares all of it, so that certificates, names and routes follow one list.
import { readFileSync } from 'node:fs';
import { errorText, SallyportError } from '#base/errors.ts';
import type { EdgeConfig } from '#config/edge-config-schema.ts';
import type { Declared } from '#control/command.ts';
import type { Served } from '#control/snapshot.ts';
import { snapshotOf } from '#config/edge-config.ts';
import { cachePolicySchema } from '#model/routes/cache-policy.ts';
import { compressionPolicySchema } from '#model/routes/compression-policy.ts';
import { portName, portSettingsOf } from '#model/port.ts';
import { normalSteps } from '#model/routes/route-steps.ts';
import { siblingOf } from '#model/shaping/canonical-host.ts';
import { shapingOf } from '#model/shaping/shaping.ts';
import { dashboardTunnelId } from '#model/local-tunnel.ts';

/** The part of a configuration that the control plane lists beside its own objects. */
export function declaredBy(config: EdgeConfig): Declared {
  const { tunnels, routes, ports = [] } = snapshotOf(config, 1);
  return {
    tunnels,
    routes: routes.map(({ hostname, path, tunnelId, access }, i) => ({
      ...{ hostname, path, tunnelId },
      ...(access === undefined ? {} : { access }),
      ...normalSteps(config.routes[i]!),
    })),
    ports: ports.map(({ tunnelId }, i) => ({ ...portSettingsOf(config.ports[i]!), tunnelId })),
  };
}

/** A configuration with everything that is served. */
export function composeConfig(config: EdgeConfig, served: Served | undefined): EdgeConfig {
  const { dashboard } = config;
  const own = dashboard
    ? [
        {
          hostname: dashboard.hostname,
          path: basePathOf(config) || '/',
          tunnel: dashboardTunnelId,
          cache: 'off' as const,
          compression: 'off' as const,
          redirects: [],
        },
      ]
    : [];
  const isDeclared = new Set(config.routes.map(({ hostname, path }) => `${hostname}${path}`));
  const stored = (served?.routes ?? [])
    .filter(({ hostname, path }) => !isDeclared.has(`${hostname}${path}`))
    .map(
      ({
        hostname,
        path,
        tunnelId,
        access,
        cache,
        compression,
        redirects = [],
        hsts,
        balance,
        ...shaping
      }) => ({
        hostname,
        path,
        tunnel: tunnelId,
        ...(access === undefined ? {} : { access }),
        cache: cache ?? cachePolicySchema.parse({}),
        compression: compression ?? compressionPolicySchema.parse({}),
        redirects,
        ...(hsts === undefined ? {} : { hsts }),
        ...(balance === undefined ? {} : { balance }),
        ...shapingOf(shaping),
      }),
    );
  const declaredPorts = new Set(config.ports.map(portName));
  const storedPorts = (served?.ports ?? [])
    .filter((port) => !declaredPorts.has(portName(port)))
    .map((port) => ({ ...portSettingsOf(port), tunnel: port.tunnelId }));
  return {
    ...config,
    tunnels: served ? (served.tunnels as EdgeConfig['tunnels']) : config.tunnels,
    routes: withSiblings([...own, ...config.routes, ...stored]),
    ports: [...config.ports, ...storedPorts],
  };
}

/** With routes for the second names of those that send their visitors to one of two. */
function withSiblings(routes: EdgeConfig['routes']): EdgeConfig['routes'] {
  const hostnames = new Set(routes.map(({ hostname }) => hostname));
  const siblings = routes.flatMap((route) => {
    const hostname = route.canonicalHost === undefined ? undefined : siblingOf(route.hostname);
    return hostname === undefined || hostnames.has(hostname) ? [] : [{ ...route, hostname }];
  });
  return siblings.length === 0 ? routes : [...routes, ...siblings];
}

/** Path that the dashboard stands at, '' for the root. */
export function basePathOf({ dashboard }: EdgeConfig): string {
  return (dashboard?.path ?? '/').replace(/\/$/, '');
}

/** Port of public https URLs. */
export function publicHttpsPort(config: EdgeConfig): number {
  return config.publicPort ?? config.listen.https[0]?.port ?? 443;
}

/** `https://sallyport.example.com`, '' when edge.yml has no dashboard. */
export function dashboardUrlOf(config: EdgeConfig): string {
  if (!config.dashboard) return '';
  const httpsPort = publicHttpsPort(config);
  const port = httpsPort === 443 ? '' : `:${httpsPort}`;
  return `https://${config.dashboard.hostname}${port}${basePathOf(config)}`;
}

/** Where the state is kept. @throws SallyportError 'file-unreadable' or 'config-invalid' */
export function storeUrlOf({ store, storeUrlFile, dataDir }: EdgeConfig): string {
  if (storeUrlFile === undefined) return store === 'file' ? `file:${dataDir}/sallyport.db` : store;
  let url: string;
  try {
    url = readFileSync(storeUrlFile, 'utf8').trim();
  } catch (error) {
    throw new SallyportError(
      'file-unreadable',
      `The file ${storeUrlFile}, which storeUrlFile names, could not be read (${errorText(error)}).`,
      { cause: error },
    );
  }
  if (url !== '') return url;
  throw new SallyportError(
    'config-invalid',
    `The file ${storeUrlFile}, which storeUrlFile names, is empty; write the postgres:// URL of the store into it.`,
  );
}
