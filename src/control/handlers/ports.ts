// Handlers of the operations on ports.
import type { portOperations, PortView } from '#api/ports.ts';
import { createPort, deletePort, updatePort } from '../commands/ports.ts';
import { required } from '../control-state.ts';
import type { Handlers } from '../http/handler.ts';
import { pageOfList } from '../views/listing.ts';
import { allPorts, findPort } from '../views/port-view.ts';
import { lookAt, type Sources } from '../views/tunnel-view.ts';

/** Makes them. */
export function portHandlers(both: Sources): Handlers<keyof typeof portOperations> {
  const { control } = both;
  const view = async (idOrName: string): Promise<PortView> =>
    required(findPort(await lookAt(both), idOrName), 'port', idOrName);
  return {
    async listPorts({ query }) {
      return pageOfList({
        items: allPorts(await lookAt(both)),
        ...query,
        order: 'asc',
        search: query.search,
        cursor: query.cursor,
        texts: ({ name, hostname, tunnelName, service, note }) => [name, hostname, tunnelName, service, note],
        key: ({ name }) => name,
      });
    },
    async createPort({ body }, { caller }) {
      const { id } = await control.run(createPort(body), caller);
      return view(id);
    },
    getPort: ({ params }) => view(params.port),
    async updatePort({ params, body, ifMatch }, { caller }) {
      const { id } = await control.run(updatePort(params.port, body, ifMatch), caller);
      return view(id);
    },
    async deletePort({ params, ifMatch }, { caller }) {
      await control.run(deletePort(params.port, ifMatch), caller);
      return undefined;
    },
  };
}
