// Requests of the world in memory: as an edge would have logged them, failures too.
import type { RouteView } from '#api/routes.ts';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import type { FakeTunnel, FakeWorld } from './fake-world.ts';

const paths = [
  '/',
  '/posts/a-quiet-week',
  '/api/v4/timeline',
  '/assets/app.js',
  '/login',
  '/feed.xml',
  '/img/cover.webp',
];
const agents = [
  'Mozilla/5.0 (X11; Linux x86_64) Firefox/146.0',
  'curl/8.14.1',
  'Prometheus/3.8.0',
  'Mozilla/5.0 (iPhone)',
];

/** One request that ended at `atMs`. */
export function makeRequest(
  world: FakeWorld,
  lab: { readonly routes: readonly RouteView[]; readonly tunnels: readonly FakeTunnel[] },
  atMs: number,
): LoggedRequest {
  const route = world.pick(lab.routes);
  const tunnel = lab.tunnels.find(({ view }) => view.id === route.tunnelId)!;
  const connector = tunnel.connectors[0];
  const isDown = connector === undefined;
  const isRefused = !isDown && world.random() < 0.03;
  const openMs = 8 + world.random() * 18;
  const firstByteMs = openMs + 4 + world.random() ** 3 * 300;
  const status = isDown || isRefused ? 502 : world.random() < 0.06 ? 404 : world.random() < 0.1 ? 304 : 200;
  return {
    ...{
      time: new Date(atMs).toISOString(),
      id: world.uuid().slice(0, 18),
      client: `203.0.113.${Math.floor(world.random() * 250)}`,
    },
    ...{ method: world.random() < 0.9 ? 'GET' : 'POST', host: route.hostname, path: world.pick(paths) },
    ...{ protocol: world.random() < 0.8 ? 'HTTP/2' : 'HTTP/1.1', status },
    ...{
      bytesIn: 300 + Math.floor(world.random() * 900),
      bytesOut: status === 304 ? 180 : Math.floor(world.random() ** 4 * 900_000),
    },
    ms: isDown ? 1.2 : firstByteMs + world.random() * 60,
    routedMs: isDown || isRefused ? null : 1 + world.random(),
    sentMs: null,
    openMs: isDown || isRefused || world.random() < 0.5 ? null : openMs,
    firstByteMs: isDown || isRefused ? null : firstByteMs,
    ...{
      tunnel: tunnel.view.name,
      connector: connector?.instanceId ?? null,
      connection: connector === undefined ? null : '2',
    },
    ...{ rule: isDown ? null : 0, attempts: isRefused ? 2 : 1, userAgent: world.pick(agents), cache: null },
    ...{ user: null, accessRule: null, trace: null },
    error: isDown ? 'connector-lost' : isRefused ? 'origin-refused' : null,
    detail: isDown
      ? `Tunnel ${tunnel.view.name} has no connector.`
      : isRefused
        ? `${route.service} refused the connection; is the service running?`
        : null,
  };
}
