// Makes up the lab of the world in memory: tunnels in every state there is, routes of every source, users, keys, changes.
import type { ApiKeyView } from '#api/users.ts';
import type { UserView } from '#api/account.ts';
import type { RouteView } from '#api/routes.ts';
import type { TunnelView } from '#api/tunnels.ts';
import type { AuditEvent } from '#model/users/audit-event.ts';
import type { ConnectorLive, Disconnect } from '#model/live/live.ts';
import type { LoggedRequest } from '#model/live/logged-request.ts';
import { makeRequest } from './fake-requests.ts';
import type { FakeTunnel, FakeWorld } from './fake-world.ts';

const named = ['home', 'cluster', 'media', 'office', 'attic'] as const;
const services = [
  ['blog', 'http://localhost:3000'],
  ['git', 'http://gitea.git.svc.cluster.local:3000'],
  ['photos', 'http://192.168.1.20:2283'],
  ['grafana', 'http://grafana.monitoring.svc.cluster.local:80'],
  ['registry', 'https://harbor.lan:8443'],
  ['music', 'http://192.168.1.20:4533'],
  ['wiki', 'http://localhost:8090'],
] as const;
const now = Date.now();
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** The whole of it. */
export function makeLab(world: FakeWorld, tunnelCount: number) {
  const tunnels = Array.from({ length: tunnelCount }, (_, i) => makeTunnel(world, i));
  const routes = tunnels.flatMap((tunnel, i) => makeRoutes(world, tunnel, i));
  for (const tunnel of tunnels) {
    tunnel.view.routes = routes.filter(({ tunnelId }) => tunnelId === tunnel.view.id).length;
    tunnel.rules.text = rulesOf(routes.filter(({ tunnelId }) => tunnelId === tunnel.view.id));
  }
  const requests: LoggedRequest[] = [];
  const users = makeUsers(world);
  const lab = {
    tunnels,
    routes,
    users,
    apiKeys: makeApiKeys(world, users),
    audit: makeAudit(world, users, tunnels),
    requests,
  };
  if (routes.length > 0)
    for (let i = 0; i < 120; i++) requests.push(makeRequest(world, lab, now - i * 7_300 - 2_000));
  return lab;
}

function makeTunnel(world: FakeWorld, index: number): FakeTunnel {
  const name = named[index] ?? `site-${String(index + 1).padStart(2, '0')}`;
  const state = index === 3 ? 'down' : index === 4 ? 'never-connected' : index === 2 ? 'degraded' : 'healthy';
  const id = world.uuid();
  const replicas =
    state === 'healthy'
      ? index === 1
        ? 3
        : 1 + Math.floor(world.random() * 2)
      : state === 'degraded'
        ? 1
        : 0;
  const connectors = Array.from({ length: replicas }, (_, i) =>
    makeConnector(world, name, i, state === 'degraded'),
  );
  const view: TunnelView = {
    ...{
      id,
      name,
      management: index % 2 === 0 ? 'remote' : 'local',
      hostnames: index === 1 ? ['*.lab.example.com'] : [],
      access: 'public',
    },
    keys: [{ id: world.uuid(), publicKey: `${'A'.repeat(43)}=`, createdAtMs: now - 40 * day }],
    note: index === 2 ? 'NAS in the basement' : '',
    ...{
      createdAtMs: now - (40 - index) * day,
      version: 3,
      declaredIn: index === 1 ? 'file' : 'store',
      status: state,
    },
    trouble: troubleOf(state),
    connectors: connectors.length,
    connections: connectors.reduce((sum, { connections }) => sum + connections.length, 0),
    ...{ routes: 0, rulesVersion: index % 2 === 0 ? 4 : 0 },
    lastSeenAtMs: state === 'never-connected' ? null : state === 'down' ? now - 26 * minute : now,
  };
  return {
    view,
    connectors,
    disconnects: makeDisconnects(world, id, state),
    rules: { text: '', version: 4 },
    rotation: undefined,
  };
}

function troubleOf(state: TunnelView['status']): string {
  switch (state) {
    case 'down':
      return 'Its last connector went away 26 min ago (no answer to pings); check the machine "office-nuc" and its network.';
    case 'degraded':
      return 'One of its connections is missing: 3 of 4 are up, and its connector says why in its log.';
    case 'never-connected':
      return 'No connector has ever used it; start one with its token.';
    case 'healthy':
      return '';
  }
}

function makeConnector(world: FakeWorld, tunnel: string, index: number, isDegraded: boolean): ConnectorLive {
  const address = `198.51.100.${10 + Math.floor(world.random() * 200)}`;
  return {
    instanceId: world.uuid(),
    ...{ version: index === 2 ? '0.0.9' : '0.1.0', arch: index === 1 ? 'linux_arm64' : 'linux_x64' },
    ...{
      os: index === 1 ? 'Debian GNU/Linux 13 (trixie)' : 'NixOS 26.11 (Xenon)',
      hostname: `${tunnel}-${['nuc', 'pi', 'pod-7c9f'][index]}`,
      features: ['remote-config'],
      address,
    },
    ...{ startedAtMs: now - 2 * day, connectedAtMs: now - (index + 1) * 9 * hour, isDraining: index === 2 },
    publicKey: `${'A'.repeat(43)}=`,
    connections: Array.from({ length: isDegraded ? 3 : 4 }, (_, i) => ({
      ...{ id: world.uuid(), index: i, transport: 'tls', address: `${address}:${50_000 + i}` },
      ...{ connectedAtMs: now - (index + 1) * 9 * hour + i * 400, rttMs: 11 + world.random() * 20 },
      ...{ openStreams: Math.floor(world.random() * 4), isDraining: index === 2 },
    })),
    rules: services
      .slice(0, 3)
      .map(([name, service]) => ({ hostname: `${name}.example.com`, path: '', service })),
    ...{ rulesVersion: 4, config: { version: 4, state: 'current', detail: '' } },
  };
}

function makeDisconnects(world: FakeWorld, tunnelId: string, state: TunnelView['status']): Disconnect[] {
  if (state === 'never-connected') return [];
  const reasons = [
    ['ping-timeout', 'no answer to three pings'],
    ['drain', 'the connector was stopped'],
    ['reset', 'the connection was reset by the network'],
  ] as const;
  return reasons.map(([reason, detail], i) => ({
    ...{ atMs: now - (26 + i * 700) * minute, tunnelId, instanceId: world.uuid(), hostname: 'office-nuc' },
    ...{ address: '198.51.100.44:50122', reason, detail, connectedForMs: (i + 1) * 5 * hour },
  }));
}

function makeRoutes(world: FakeWorld, tunnel: FakeTunnel, index: number): RouteView[] {
  const count = index < 5 ? [4, 3, 3, 1, 1][index]! : 1 + Math.floor(world.random() * 3);
  return Array.from({ length: count }, (_, i) => {
    const [name, service] = services[(index * 2 + i) % services.length]!;
    const source = index === 1 ? (['file', 'claim', 'claim'] as const)[i]! : 'store';
    const domain = index === 0 ? 'example.com' : `${tunnel.view.name}.example.com`;
    const hostname = `${name}.${domain}`;
    const isUp = tunnel.view.connectors > 0;
    const status = i === 2 && index === 2 ? 'no-rule' : i === 3 ? 'disabled' : isUp ? 'up' : 'down';
    return {
      ...{
        id: source === 'store' ? world.uuid() : `${source}:${hostname}`,
        hostname,
        path: i === 1 && index === 0 ? '/api' : '/',
      },
      ...{
        tunnelId: tunnel.view.id,
        access: i === 2 ? ['group:family', 'ip:192.168.0.0/16'] : 'public',
        isEnabled: status !== 'disabled',
        note: i === 0 ? 'Public since spring' : '',
      },
      ...{ createdAtMs: now - 20 * day, version: 1, source, tunnelName: tunnel.view.name, service, status },
      trouble:
        status === 'down'
          ? `Tunnel ${tunnel.view.name} has no connector.`
          : status === 'no-rule'
            ? `No rule of tunnel ${tunnel.view.name} names ${hostname}; add one.`
            : '',
      requests: Math.floor(world.random() * 90_000),
    } satisfies RouteView;
  });
}

/** Rules for these routes, as config.yml has them. */
export function rulesOf(routes: readonly RouteView[]): string {
  const rules = routes.map(({ hostname, path, service }) =>
    [
      `  - hostname: ${hostname}`,
      ...(path === '/' ? [] : [`    path: ^${path}`]),
      `    service: ${service}`,
    ].join('\n'),
  );
  return ['# What this tunnel serves.', 'ingress:', ...rules, '  - service: http_status:404', ''].join('\n');
}

function makeUsers(world: FakeWorld): UserView[] {
  const rows = [
    ['ada', 'Ada', 'owner', true, true, 2],
    ['grace', 'Grace', 'admin', true, false, 1],
    ['linus', '', 'viewer', false, false, 0],
  ] as const;
  return rows.map(([name, displayName, role, hasPassword, hasTotp, passkeys], i) => ({
    ...{
      id: world.uuid(),
      name,
      email: i === 2 ? null : `${name}@example.com`,
      displayName,
      role,
      groups: i === 0 ? ['family'] : [],
      isDisabled: i === 2,
    },
    ...{
      hasPassword,
      hasTotp,
      recoveryCodesLeft: hasTotp ? 8 : 0,
      passkeys,
      identities: i === 1 ? [{ issuer: 'https://id.example.com', subject: 'g-17' }] : [],
    },
    ...{ lastSeenAtMs: i === 2 ? null : now - i * 5 * hour, createdAtMs: now - 60 * day, version: 1 },
  }));
}

function makeApiKeys(world: FakeWorld, users: readonly UserView[]): ApiKeyView[] {
  const rows = [
    ['laptop', ['tunnels:read', 'tunnels:write', 'routes:read', 'routes:write'], 60, 2 * hour],
    ['grafana', ['status:read'], null, minute],
    ['old-ci', ['lab:apply'], -3, null],
  ] as const;
  return rows.map(([name, scopes, days, used], i) => ({
    ...{ id: world.uuid(), name, prefix: `sp_${world.uuid().slice(0, 8)}`, userId: users[i % 2]!.id },
    ...{
      userName: users[i % 2]!.name,
      scopes: [...scopes],
      expiresAtMs: days === null ? null : now + days * day,
    },
    ...{ createdAtMs: now - 30 * day, lastUsedAtMs: used === null ? null : now - used, version: 1 },
  }));
}

function makeAudit(
  world: FakeWorld,
  users: readonly UserView[],
  tunnels: readonly FakeTunnel[],
): AuditEvent[] {
  const tunnel = tunnels[0]?.view;
  const rows: [string, AuditEvent['noun'], string, unknown, unknown][] = [
    [
      'changed',
      'route',
      'blog.example.com',
      { hostname: 'blog.example.com', isEnabled: false, note: '' },
      { hostname: 'blog.example.com', isEnabled: true, note: 'Public since spring' },
    ],
    [
      'changed',
      'rule-set',
      'home',
      {
        text: 'ingress:\n  - hostname: blog.example.com\n    service: http://localhost:3000\n  - service: http_status:404\n',
      },
      {
        text: 'ingress:\n  - hostname: blog.example.com\n    service: http://localhost:3001\n  - service: http_status:404\n',
      },
    ],
    [
      'created',
      'tunnel',
      tunnel?.name ?? 'home',
      null,
      { name: 'home', management: 'remote', hostnames: ['*.example.com'] },
    ],
    ['failed-sign-in', 'session', 'ada', null, null],
    ['signed-in', 'session', 'ada', null, { method: 'passkey' }],
    ['deleted', 'api-key', 'old-laptop', { name: 'old-laptop', scopes: ['status:read'] }, null],
  ];
  return Array.from({ length: 40 }, (_, i) => {
    const [action, noun, name, before, after] = rows[i % rows.length]!;
    const user = users[i % 2]!;
    const isNobody = action === 'failed-sign-in';
    return {
      ...{ id: world.uuid(), atMs: now - (i + 1) * 47 * minute },
      actor: isNobody ? { kind: 'nobody', id: '', name: '' } : { kind: 'user', id: user.id, name: user.name },
      ...{ address: '203.0.113.7', action, noun, objectId: name, objectName: name, requestId: world.uuid() },
      ...{ before: before as AuditEvent['before'], after: after as AuditEvent['after'] },
    };
  });
}
