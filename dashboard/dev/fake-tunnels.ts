// Tunnels, keys, rules and connectors of the world in memory.
import type { TunnelView } from '#api/tunnels.ts';
import { emptyRuleSetText } from '#model/ingress/rule-set.ts';
import { page } from './fake-routes.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import type { FakeTunnel, FakeWorld } from './fake-world.ts';

type TunnelIds =
  | 'listTunnels'
  | 'createTunnel'
  | 'getTunnel'
  | 'updateTunnel'
  | 'deleteTunnel'
  | 'listTunnelConnectors'
  | 'cleanupTunnel'
  | 'startRotation'
  | 'getRotation'
  | 'finishRotation'
  | 'abortRotation'
  | 'revokeTunnel'
  | 'getRules'
  | 'putRules'
  | 'listConnectors';

const token = (): string =>
  `eyJ2IjoxLCJlIjoiZWRnZS5leGFtcGxlLmNvbTo0NDMiLCJ0Ijoi${btoa(crypto.randomUUID() + crypto.randomUUID()).slice(0, 80)}`;

/** Handlers of these operations. */
export function tunnelHandlers(world: FakeWorld): Pick<Handlers, TunnelIds> {
  const find = (id: string): FakeTunnel => {
    const tunnel = world.tunnels.find(({ view }) => view.id === id || view.name === id);
    if (tunnel === undefined) throw new Refusal('not-found', `There is no tunnel ${id}.`);
    return tunnel;
  };
  const issue = (tunnel: FakeTunnel) => ({ token: token(), keyId: tunnel.view.keys.at(-1)!.id });
  return {
    listTunnels({ query }) {
      const key = {
        name: 'name',
        createdAt: 'createdAtMs',
        connections: 'connections',
        status: 'status',
      } as const;
      const all = world.tunnels
        .map(({ view }) => view)
        .filter(
          (view) =>
            (query.status === undefined || view.status === query.status) &&
            `${view.name} ${view.note}`.includes(query.search ?? ''),
        )
        .toSorted(
          (a, b) => compare(a[key[query.sort]], b[key[query.sort]]) * (query.order === 'asc' ? 1 : -1),
        );
      return page(all, query);
    },
    createTunnel({ body }) {
      if (world.tunnels.some(({ view }) => view.name === body.name)) {
        throw new Refusal('conflict', `There is a tunnel ${body.name} already; choose another name.`, {
          errors: [{ path: 'name', message: 'is taken' }],
        });
      }
      const keyId = world.uuid();
      const view: TunnelView = {
        ...{
          id: world.uuid(),
          name: body.name,
          management: body.management,
          hostnames: body.hostnames,
          access: body.access,
          note: body.note,
        },
        keys: [{ id: keyId, publicKey: `${'A'.repeat(43)}=`, createdAtMs: Date.now() }],
        ...{ createdAtMs: Date.now(), version: 1, declaredIn: 'store', status: 'never-connected' },
        trouble: 'No connector has ever used it; start one with its token.',
        ...{ connectors: 0, connections: 0, routes: 0, rulesVersion: 1, lastSeenAtMs: null },
      };
      world.tunnels.push({
        view,
        connectors: [],
        disconnects: [],
        rules: { text: emptyRuleSetText, version: 1 },
        rotation: undefined,
      });
      world.changed('created', 'tunnel', view.name, null, body);
      return { tunnel: view, token: token(), keyId };
    },
    getTunnel: ({ params }) => find(params.tunnel).view,
    updateTunnel({ params, body }) {
      const { view } = find(params.tunnel);
      const before = { ...view };
      Object.assign(view, body, { version: view.version + 1 });
      world.changed('changed', 'tunnel', view.name, before, view);
      return view;
    },
    deleteTunnel({ params, query }) {
      const tunnel = find(params.tunnel);
      const routes = world.routes.filter(({ tunnelId }) => tunnelId === tunnel.view.id);
      if (!query.force && (routes.length > 0 || tunnel.connectors.length > 0)) {
        throw new Refusal(
          'in-use',
          `Tunnel ${tunnel.view.name} is in use; its last connector was seen 2 s ago.`,
          {
            dependents: [
              ...routes.map(({ id, hostname }) => ({ noun: 'route', id, name: hostname })),
              ...tunnel.connectors.map(({ instanceId, hostname }) => ({
                noun: 'connector',
                id: instanceId,
                name: hostname,
              })),
            ],
          },
        );
      }
      world.tunnels = world.tunnels.filter((candidate) => candidate !== tunnel);
      world.routes = world.routes.filter(({ tunnelId }) => tunnelId !== tunnel.view.id);
      world.changed('deleted', 'tunnel', tunnel.view.name, tunnel.view, null);
      return undefined;
    },
    listTunnelConnectors({ params }) {
      const { view, connectors, disconnects } = find(params.tunnel);
      return {
        items: connectors.map((connector) => ({ ...connector, tunnelId: view.id, tunnelName: view.name })),
        disconnects,
      };
    },
    cleanupTunnel: ({ params }) => ({ connections: find(params.tunnel).view.connections }),
    startRotation({ params }) {
      const tunnel = find(params.tunnel);
      tunnel.rotation = { startedAtMs: Date.now(), moved: 0 };
      tunnel.view.keys.push({ id: world.uuid(), publicKey: `${'B'.repeat(43)}=`, createdAtMs: Date.now() });
      world.changed('rotated', 'tunnel', tunnel.view.name, null, null);
      return issue(tunnel);
    },
    getRotation({ params }) {
      const { rotation, connectors, view } = find(params.tunnel);
      const moved =
        rotation === undefined
          ? 0
          : Math.min(connectors.length, Math.floor((Date.now() - rotation.startedAtMs) / 4_000));
      return {
        state: rotation === undefined ? 'idle' : moved === connectors.length ? 'ready' : 'moving',
        startedAtMs: rotation?.startedAtMs ?? null,
        ...{ oldKeyId: rotation && view.keys[0]!.id, newKeyId: rotation && view.keys[1]!.id },
        ...(rotation === undefined
          ? { oldKeyId: null, newKeyId: null }
          : { oldKeyId: view.keys[0]!.id, newKeyId: view.keys[1]!.id }),
        connectors: connectors.map(({ instanceId, hostname, address }, i) => ({
          instanceId,
          hostname,
          address,
          usesNewKey: i < moved,
        })),
      };
    },
    finishRotation({ params }) {
      const tunnel = find(params.tunnel);
      tunnel.rotation = undefined;
      tunnel.view.keys.shift();
      world.changed('rotated', 'tunnel', tunnel.view.name, null, null);
      return tunnel.view;
    },
    abortRotation({ params }) {
      const tunnel = find(params.tunnel);
      tunnel.rotation = undefined;
      tunnel.view.keys.pop();
      world.changed('rotated', 'tunnel', tunnel.view.name, null, null);
      return tunnel.view;
    },
    revokeTunnel({ params }) {
      const tunnel = find(params.tunnel);
      Object.assign(tunnel, { connectors: [] });
      Object.assign(tunnel.view, {
        connectors: 0,
        connections: 0,
        status: 'down',
        trouble: 'Its keys were revoked just now; start a connector with the new token.',
      });
      world.changed('revoked', 'tunnel', tunnel.view.name, null, null);
      return issue(tunnel);
    },
    getRules: ({ params }) => rules(find(params.tunnel)),
    putRules({ params, body }) {
      const tunnel = find(params.tunnel);
      const lines = body.text.split('\n');
      const bad = lines.findIndex((line) => /service:\s*$/.test(line) || line.startsWith('\t'));
      if (bad >= 0) {
        throw new Refusal('config-invalid', `The rules cannot be used: line ${bad + 1} has no service.`, {
          errors: [{ path: `line ${bad + 1}`, message: 'needs a service, such as http://localhost:3000' }],
        });
      }
      tunnel.rules = { text: body.text, version: tunnel.rules.version + 1 };
      tunnel.view.rulesVersion = tunnel.rules.version;
      world.changed('changed', 'rule-set', tunnel.view.name, null, { text: body.text });
      return rules(tunnel);
    },
    listConnectors({ query }) {
      const all = world.tunnels.flatMap(({ view, connectors }) =>
        connectors.map((connector) => ({ ...connector, tunnelId: view.id, tunnelName: view.name })),
      );
      return page(
        all.filter(({ hostname, tunnelName }) => `${hostname} ${tunnelName}`.includes(query.search ?? '')),
        query,
      );
    },
  };
}

function rules({ view, connectors, rules: { text, version } }: FakeTunnel): ReturnType<Handlers['getRules']> {
  const lines = text.split('\n');
  const found = [...text.matchAll(/- (?:hostname: (\S+)\n(?:\s+path: (\S+)\n)?\s+)?service: (\S+)/g)];
  return {
    ...{ tunnelId: view.id, management: view.management, version, text },
    rules: found.map(([, hostname = '', path = '', service = '']) => ({
      ...{ hostname, path, service, line: lines.findIndex((line) => line.includes(hostname || service)) + 1 },
    })),
    warnings: [],
    connectors: connectors.map(({ instanceId, hostname }, i) => ({
      ...{
        instanceId,
        hostname,
        version,
        state: view.management === 'local' ? 'local' : i === 1 ? 'pending' : 'current',
        detail: '',
      },
    })),
  };
}

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}
