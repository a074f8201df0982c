// Handlers of the operations on tunnels and connectors.
import type { RuleSetView, tunnelOperations, TunnelView } from '#api/tunnels.ts';
import type { Tunnel } from '#model/tunnel.ts';
import { putRules } from '../commands/rule-sets.ts';
import {
  abortRotation,
  createTunnel,
  deleteTunnel,
  finishRotation,
  revokeTunnel,
  startRotation,
  updateTunnel,
} from '../commands/tunnels.ts';
import type { ControlTools } from '../command.ts';
import { required } from '../control-state.ts';
import type { Handlers } from '../http/handler.ts';
import { pageOfList } from '../views/listing.ts';
import { viewRules } from '../views/rule-set-view.ts';
import {
  allTunnels,
  TunnelIndex,
  findTunnel,
  nameOfConnector,
  viewConnector,
  viewRotation,
  viewTunnel,
  type ViewSources,
} from '../views/tunnel-view.ts';

const statusOrder = ['down', 'degraded', 'never-connected', 'healthy'];

/** Makes them. */
export function tunnelHandlers(
  sources: ViewSources & { readonly tools: ControlTools },
): Handlers<keyof typeof tunnelOperations> {
  const { control, edge } = sources;
  const find = (idOrName: string) => required(findTunnel(sources, idOrName), 'tunnel', idOrName);
  const view = (idOrName: string): TunnelView => {
    const found = find(idOrName);
    return viewTunnel(sources, found, new TunnelIndex(sources));
  };
  const connectorsOf = (tunnel: Tunnel) => new TunnelIndex(sources).connectorsOf(tunnel.id);
  const rulesOf = (tunnel: Tunnel): RuleSetView => viewRules(sources, tunnel, connectorsOf(tunnel));

  return {
    listTunnels({ query }) {
      const index = new TunnelIndex(sources);
      const all = allTunnels(sources).map((found) => viewTunnel(sources, found, index));
      return pageOfList({
        items: all.filter(({ status }) => query.status === undefined || status === query.status),
        ...query,
        search: query.search,
        cursor: query.cursor,
        texts: ({ id, name, note, hostnames }) => [id, name, note, ...hostnames],
        key: (tunnel) => sortKey(tunnel, query.sort),
      });
    },
    async createTunnel({ body }, { caller }) {
      const { tunnel, token, keyId } = await control.run(createTunnel(body), caller);
      return { tunnel: view(tunnel.id), token, keyId };
    },
    getTunnel: ({ params }) => view(params.tunnel),
    async updateTunnel({ params, body, ifMatch }, { caller }) {
      const { id } = await control.run(updateTunnel(params.tunnel, body, ifMatch), caller);
      return view(id);
    },
    async deleteTunnel({ params, query, ifMatch }, { caller }) {
      const found = findTunnel(sources, params.tunnel);
      const live = found ? connectorsOf(found.tunnel).map(nameOfConnector) : [];
      await control.run(
        deleteTunnel(params.tunnel, { force: query.force, liveConnectors: live, ifMatch }),
        caller,
      );
      return undefined;
    },
    listTunnelConnectors({ params }) {
      const { tunnel } = find(params.tunnel);
      return {
        items: connectorsOf(tunnel).map((connector) => viewConnector(sources, connector)),
        disconnects: [...edge.disconnects(tunnel.id)],
      };
    },
    async cleanupTunnel({ params, body }, { caller }) {
      const { tunnel } = find(params.tunnel);
      const connections = edge.disconnect({ tunnelId: tunnel.id, instanceId: body.instanceId }, body.how);
      await control.note(
        {
          action: 'cleaned up',
          noun: 'tunnel',
          objectId: tunnel.id,
          objectName: tunnel.name,
          before: null,
          after: { connections, how: body.how, instanceId: body.instanceId ?? null },
        },
        caller,
      );
      return { connections };
    },
    startRotation: ({ params }, { caller }) => control.run(startRotation(params.tunnel), caller),
    getRotation({ params }) {
      const { tunnel } = find(params.tunnel);
      return viewRotation(tunnel, connectorsOf(tunnel));
    },
    async finishRotation({ params, body }, { caller }) {
      const { id } = await control.run(
        finishRotation(params.tunnel, {
          force: body.force,
          stillOnOldKey: (tunnel) =>
            connectorsOf(tunnel)
              .filter(({ publicKey }) => publicKey !== tunnel.keys[1]?.publicKey)
              .map(nameOfConnector),
        }),
        caller,
      );
      return view(id);
    },
    async abortRotation({ params }, { caller }) {
      const { id } = await control.run(abortRotation(params.tunnel), caller);
      return view(id);
    },
    revokeTunnel: ({ params }, { caller }) => control.run(revokeTunnel(params.tunnel), caller),
    getRules: ({ params }) => rulesOf(find(params.tunnel).tunnel),
    async putRules({ params, body, ifMatch }, { caller }) {
      const { id } = await control.run(putRules(params.tunnel, body.text, ifMatch), caller);
      return rulesOf(find(id).tunnel);
    },
    listConnectors({ query }) {
      return pageOfList({
        items: edge.connectors().map((connector) => viewConnector(sources, connector)),
        ...query,
        search: query.search,
        cursor: query.cursor,
        texts: ({ hostname, address, tunnelName, version, instanceId }) => [
          hostname,
          address,
          tunnelName,
          version,
          instanceId,
        ],
        key: ({ tunnelName, hostname, instanceId }) => `${tunnelName} ${hostname} ${instanceId}`,
      });
    },
  };
}

function sortKey(tunnel: TunnelView, sort: 'name' | 'createdAt' | 'connections' | 'status'): string | number {
  switch (sort) {
    case 'name':
      return tunnel.name;
    case 'createdAt':
      return tunnel.createdAtMs;
    case 'connections':
      return tunnel.connections;
    case 'status':
      return statusOrder.indexOf(tunnel.status);
  }
}
