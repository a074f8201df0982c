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
  findTunnel,
  type FoundTunnel,
  lookAt,
  nameOfConnector,
  type Sources,
  TunnelIndex,
  viewConnector,
  viewRotation,
  viewTunnel,
  type ViewSources,
} from '../views/tunnel-view.ts';

const statusOrder = ['down', 'degraded', 'never-connected', 'healthy'];

/** A look at the edge, and one tunnel in it. */
interface TunnelLook {
  readonly sources: ViewSources;
  readonly index: TunnelIndex;
  readonly found: FoundTunnel;
  readonly tunnel: Tunnel;
}

/** Makes them. */
export function tunnelHandlers(
  both: Sources & { readonly tools: ControlTools },
): Handlers<keyof typeof tunnelOperations> {
  const { control, edge, tools } = both;
  const find = async (idOrName: string): Promise<TunnelLook> => {
    const sources = await lookAt(both);
    const found = required(findTunnel(sources, idOrName), 'tunnel', idOrName);
    return { sources, found, tunnel: found.tunnel, index: new TunnelIndex(sources) };
  };
  const view = async (idOrName: string): Promise<TunnelView> => {
    const { sources, found, index } = await find(idOrName);
    return viewTunnel(sources, found, index);
  };
  const rulesOf = async (idOrName: string): Promise<RuleSetView> => {
    const { sources, tunnel, index } = await find(idOrName);
    return viewRules(sources, tools, { tunnel, connectors: index.connectorsOf(tunnel.id) });
  };

  return {
    async listTunnels({ query }) {
      const sources = await lookAt(both);
      const index = new TunnelIndex(sources);
      const all = allTunnels(sources).map((found) => viewTunnel(sources, found, index));
      return pageOfList({
        ...query,
        items: all.filter(({ status }) => query.status === undefined || status === query.status),
        search: query.search,
        cursor: query.cursor,
        texts: ({ id, name, note, hostnames }) => [id, name, note, ...hostnames],
        key: (tunnel) => sortKey(tunnel, query.sort),
      });
    },
    async createTunnel({ body }, { caller }) {
      const { tunnel, token, keyId } = await control.run(createTunnel(body), caller);
      return { tunnel: await view(tunnel.id), token, keyId };
    },
    getTunnel: ({ params }) => view(params.tunnel),
    async updateTunnel({ params, body, ifMatch }, { caller }) {
      const { id } = await control.run(updateTunnel(params.tunnel, body, ifMatch), caller);
      return view(id);
    },
    async deleteTunnel({ params, query, ifMatch }, { caller }) {
      const { tunnel, index } = await find(params.tunnel);
      const liveConnectors = index.connectorsOf(tunnel.id).map(nameOfConnector);
      await control.run(deleteTunnel(tunnel.id, { force: query.force, liveConnectors, ifMatch }), caller);
      return undefined;
    },
    async listTunnelConnectors({ params }) {
      const { sources, tunnel, index } = await find(params.tunnel);
      return {
        items: index.connectorsOf(tunnel.id).map((connector) => viewConnector(sources, connector)),
        disconnects: [...index.disconnectsOf(tunnel.id)],
      };
    },
    async cleanupTunnel({ params, body }, { caller }) {
      const { tunnel } = await find(params.tunnel);
      const connections = await edge.disconnect(
        { tunnelId: tunnel.id, instanceId: body.instanceId },
        body.how,
      );
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
    async getRotation({ params }) {
      const { tunnel, index } = await find(params.tunnel);
      return viewRotation(tunnel, index.connectorsOf(tunnel.id));
    },
    async finishRotation({ params, body }, { caller }) {
      const { tunnel, index } = await find(params.tunnel);
      const connectors = index.connectorsOf(tunnel.id);
      const command = finishRotation(tunnel.id, {
        force: body.force,
        stillOnOldKey: ({ keys }) =>
          connectors.filter(({ publicKey }) => publicKey !== keys[1]?.publicKey).map(nameOfConnector),
      });
      return view((await control.run(command, caller)).id);
    },
    async abortRotation({ params }, { caller }) {
      const { id } = await control.run(abortRotation(params.tunnel), caller);
      return view(id);
    },
    revokeTunnel: ({ params }, { caller }) => control.run(revokeTunnel(params.tunnel), caller),
    getRules: ({ params }) => rulesOf(params.tunnel),
    async putRules({ params, body, ifMatch }, { caller }) {
      const { id } = await control.run(putRules(params.tunnel, body.text, ifMatch), caller);
      return rulesOf(id);
    },
    async listConnectors({ query }) {
      const sources = await lookAt(both);
      return pageOfList({
        ...query,
        items: sources.look.connectors.map((connector) => viewConnector(sources, connector)),
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
