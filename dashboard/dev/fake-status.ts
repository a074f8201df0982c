// Status, traffic, requests, audit, settings and the lab file of the world in memory.
import type { Trouble } from '#api/status.ts';
import { healthOf, type HealthPart } from '#model/live/health.ts';
import type { LoggedRequest, RequestFilter } from '#model/live/logged-request.ts';
import type { ProbeResult } from '#model/probes/probe.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import { page } from './fake-routes.ts';
import type { FakeWorld } from './fake-world.ts';

const spans = { '5m': [60, 5_000], '1h': [60, 60_000], '6h': [72, 300_000], '48h': [96, 1_800_000] } as const;

type StatusIds =
  | 'getStatus'
  | 'getHealth'
  | 'listProbes'
  | 'probeNow'
  | 'getTraffic'
  | 'getOpenApi'
  | 'listAudit'
  | 'getSettings'
  | 'updateSettings'
  | 'exportLab'
  | 'planLab'
  | 'applyLab'
  | 'listRequests'
  | 'getRequest'
  | 'replayRequest';

/** Handlers of these operations. */
export function statusHandlers(world: FakeWorld): Pick<Handlers, StatusIds> {
  return {
    getStatus: () => ({
      ...{
        name: 'edge.example.com',
        title: world.settings.title,
        version: '0.1.0',
        startedAtMs: world.startedAtMs,
      },
      ...{ nowMs: Date.now(), revision: world.revision, edgeAddress: 'edge.example.com:443' },
      store: { kind: 'sqlite', isAvailable: true, detail: '/var/lib/sallyport/edge.db' },
      listeners: ['https', 'http', 'metrics'].map((name) => ({ name, isReady: true, detail: '' })),
      counts: {
        tunnels: world.tunnels.length,
        tunnelsUp: world.tunnels.filter(({ view }) => view.connectors > 0).length,
        connectors: world.tunnels.reduce((sum, { view }) => sum + view.connectors, 0),
        connections: world.tunnels.reduce((sum, { view }) => sum + view.connections, 0),
        routes: world.routes.length,
        exposed: world.routes.filter(({ isEnabled }) => isEnabled).length,
      },
      health: healthOf(parts(world)).counts,
      memory: { residentBytes: 96_400_000, heapBytes: 31_000_000 },
      troubles: troubles(world),
    }),
    getHealth: ({ query: { kind, state } }) => {
      const health = healthOf(parts(world));
      const isWanted = (part: HealthPart): boolean =>
        (kind === undefined || part.kind === kind) && (state === undefined || part.state === state);
      return { ...health, parts: health.parts.filter(isWanted) };
    },
    listProbes: ({ query }) =>
      page([...new Set(world.routes.map(({ hostname }) => hostname))].map(seen), query),
    probeNow: ({ body }) => ({ items: [seen(body.hostname)] }),
    getOpenApi: () => ({}),
    getTraffic: ({ query }) => series(world, query.span),
    listAudit({ query }) {
      const start = Number(query.cursor ?? 0);
      const items = world.audit.filter(
        (event) =>
          (query.noun === undefined || event.noun === query.noun) &&
          JSON.stringify(event)
            .toLowerCase()
            .includes((query.search ?? '').toLowerCase()),
      );
      const next = start + query.limit;
      return { items: items.slice(start, next), nextCursor: next < items.length ? String(next) : null };
    },
    getSettings: () => world.settings,
    updateSettings({ body }) {
      const before = world.settings;
      world.settings = { ...before, ...body };
      world.changed('changed', 'setting', 'settings', before, world.settings);
      return world.settings;
    },
    exportLab: () => ({ text: labText(world) }),
    planLab: ({ body }) => plan(world, body.text, body.prune),
    applyLab({ body }) {
      const made = plan(world, body.text, body.prune);
      world.changed('changed', 'tunnel', 'garage', null, null);
      return {
        ...made,
        tokens: [{ tunnel: 'garage', token: 'eyJ2IjoxLCJlIjoiZWRnZS5leGFtcGxlLmNvbTo0NDMifQ' }],
      };
    },
    listRequests({ query }) {
      const items = world.requests.filter((request) => matches(request, query)).slice(0, query.limit);
      return { items, nextCursor: null, held: world.requests.length };
    },
    getRequest: ({ params }) => requestOf(world, params.request),
    replayRequest({ params }) {
      const again = {
        ...requestOf(world, params.request),
        id: world.uuid().slice(0, 18),
        time: new Date().toISOString(),
      };
      world.requests.unshift(again);
      return again;
    },
  };
}

function seen(hostname: string): ProbeResult {
  return {
    ...{ hostname, from: '', outcome: 'ok', sentence: 'It answers at 203.0.113.7.', cure: '' },
    ...{ atMs: Date.now() - 60_000, addresses: ['203.0.113.7'], address: '203.0.113.7', failures: 0 },
    ms: { dns: 14, connect: 2, tls: 9, answer: 3 },
    certificateEndsMs: Date.now() + 60 * 86_400_000,
  };
}

function parts(world: FakeWorld): HealthPart[] {
  const sinceMs = world.startedAtMs;
  const listeners = ['https', 'http'].map((name): HealthPart => ({
    ...{ kind: 'listener', name, state: 'ok', sinceMs, sentence: 'It is open.', cure: '', isVital: true },
  }));
  const tunnels = world.tunnels.map(({ view }): HealthPart => {
    const state = view.status === 'healthy' ? 'ok' : view.status === 'down' ? 'down' : 'degraded';
    return {
      ...{ kind: 'tunnel', name: view.name, state, sinceMs, isVital: false, tunnelId: view.id },
      sentence: view.trouble || '4 connections of 1 connector.',
      cure: state === 'ok' ? '' : 'Start its connector at home.',
    };
  });
  const origins = world.routes.map(({ service, tunnelName }): HealthPart => ({
    ...{ kind: 'origin', name: `${service} of ${tunnelName}`, state: 'ok', sinceMs, sentence: 'It answers.' },
    ...{ cure: '', isVital: false },
  }));
  return [...listeners, ...tunnels, ...origins];
}

function requestOf(world: FakeWorld, id: string): LoggedRequest {
  const found = world.requests.find((request) => request.id === id);
  if (found === undefined)
    throw new Refusal('not-found', `The edge holds no request ${id} any more; the access log file may.`);
  return found;
}

/** Whether a request passes a filter, as the edge judges it. */
export function matches(request: LoggedRequest, filter: RequestFilter): boolean {
  const status = String(request.status);
  return (
    (filter.host === undefined || request.host === filter.host) &&
    (filter.status === undefined || status === filter.status || `${status[0]}xx` === filter.status) &&
    (filter.tunnel === undefined || request.tunnel === filter.tunnel) &&
    (filter.method === undefined || request.method === filter.method) &&
    (filter.path === undefined || request.path.startsWith(filter.path)) &&
    (filter.search === undefined || JSON.stringify(request).includes(filter.search))
  );
}

function troubles(world: FakeWorld): Trouble[] {
  return world.tunnels
    .filter(({ view }) => view.status === 'down' || view.status === 'degraded')
    .map(({ view }) => ({
      id: `tunnel-${view.status}:${view.id}`,
      severity: view.status === 'down' ? 'error' : 'warning',
      title:
        view.status === 'down'
          ? `Tunnel ${view.name} has no connector`
          : `Tunnel ${view.name} lacks a connection`,
      detail:
        view.status === 'down'
          ? `Its last connector went away: no answer to three pings. ${view.routes} route answers 502.`
          : '3 of the 4 connections of media-nuc are up.',
      cure:
        view.status === 'down'
          ? 'Check that the machine "office-nuc" runs and reaches edge.example.com:443.'
          : "Nothing to do if it comes back within a minute; else look at the connector's log.",
      ...{ sinceMs: Date.now() - 26 * 60_000, noun: 'tunnel', objectId: view.id },
    }));
}

function series(world: FakeWorld, span: keyof typeof spans) {
  const [count, stepMs] = spans[span];
  const fromMs = Math.floor(Date.now() / stepMs) * stepMs - (count - 1) * stepMs;
  const isQuiet = world.routes.length === 0;
  const points = Array.from({ length: count }, (_, i) => {
    const wave = 1 + Math.sin((fromMs / stepMs + i) / 9) * 0.5 + Math.sin((fromMs / stepMs + i) * 2.3) * 0.15;
    const requests = isQuiet ? 0 : Math.round((wave * 14 * stepMs) / 1000);
    return {
      requests,
      clientErrors: Math.round(requests * 0.03),
      serverErrors: i % 17 === 5 ? Math.round(requests * 0.08) : 0,
      bytesIn: requests * 800,
      bytesOut: requests * 26_000,
      p50Ms: isQuiet ? null : 21 + wave * 4,
      p95Ms: isQuiet ? null : 90 + wave * 30,
      p99Ms: isQuiet ? null : 180 + wave * 60,
    };
  });
  return { stepMs, fromMs, points };
}

function labText(world: FakeWorld): string {
  const tunnels = world.tunnels.map(
    ({ view }) => `  - name: ${view.name}\n    management: ${view.management}`,
  );
  const routes = world.routes.map(
    (route) => `  - hostname: ${route.hostname}\n    path: ${route.path}\n    tunnel: ${route.tunnelName}`,
  );
  return ['version: 1', 'tunnels:', ...tunnels, 'routes:', ...routes, ''].join('\n');
}

function plan(world: FakeWorld, text: string, prune: boolean): ReturnType<Handlers['planLab']> {
  if (!text.includes('tunnels:')) {
    throw new Refusal(
      'config-invalid',
      'The lab file cannot be used: line 1 has an unknown key "tunnel"; "tunnels" is meant?',
      {
        errors: [{ path: 'line 1', message: 'unknown key "tunnel"; "tunnels" is meant?' }],
      },
    );
  }
  return {
    revision: world.revision,
    steps: [
      {
        action: 'create',
        noun: 'tunnel',
        name: 'garage',
        changes: [{ key: 'management', from: null, to: 'remote' }],
      },
      {
        action: 'change',
        noun: 'route',
        name: 'blog.example.com',
        changes: [{ key: 'tunnel', from: 'home', to: 'garage' }],
      },
      ...(prune
        ? ([{ action: 'delete', noun: 'route', name: 'wiki.office.example.com', changes: [] }] as const).map(
            (step) => ({ ...step, changes: [] }),
          )
        : []),
      { action: 'keep', noun: 'tunnel', name: 'home', changes: [] },
    ],
    unlisted: prune ? [] : [{ noun: 'route', name: 'wiki.office.example.com' }],
    tokens: [],
  };
}
