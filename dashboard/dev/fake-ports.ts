// Ports of the world in memory.
import type { PortView } from '#api/ports.ts';
import { portName } from '#model/port.ts';
import { type Handlers, Refusal } from './fake-contract.ts';
import { page } from './fake-routes.ts';
import type { FakeWorld } from './fake-world.ts';

type PortIds = 'listPorts' | 'createPort' | 'getPort' | 'updatePort' | 'deletePort';

/** Handlers of these operations. */
export function portHandlers(world: FakeWorld): Pick<Handlers, PortIds> {
  let ports: PortView[] = [];
  const find = (id: string): PortView => {
    const port = ports.find((each) => each.id === id || each.name === id);
    if (port === undefined) throw new Refusal('not-found', `There is no port ${id}.`);
    return port;
  };
  return {
    listPorts: ({ query }) =>
      page(
        ports.filter(({ name, service }) => `${name} ${service}`.includes(query.search ?? '')),
        query,
      ),
    createPort({ body: { tunnel, service = '', ...settings } }) {
      const found = world.tunnels.find(({ view }) => view.name === tunnel || view.id === tunnel);
      if (!found)
        throw new Refusal('invalid', `There is no tunnel ${tunnel}.`, {
          errors: [{ path: 'tunnel', message: 'is not there' }],
        });
      const name = portName(settings);
      if (ports.some((each) => each.name === name))
        throw new Refusal('conflict', `The port ${name} exists already.`);
      const port: PortView = {
        ...settings,
        ...{ id: world.uuid(), name, tunnelId: found.view.id, tunnelName: found.view.name, service },
        ...{ source: 'store', status: 'up', trouble: '', isOpen: true, createdAtMs: Date.now(), version: 1 },
        ...{ active: 0, connections: 0, bytesIn: 0, bytesOut: 0 },
      };
      ports = [...ports, port];
      return port;
    },
    getPort: ({ params }) => find(params.port),
    updatePort({ params, body: { tunnel: _tunnel, idleSeconds, ...given } }) {
      const port = find(params.port);
      const changes = Object.entries(given).filter(([, value]) => value !== undefined);
      const changed = {
        ...port,
        ...(Object.fromEntries(changes) as Partial<PortView>),
        ...(typeof idleSeconds === 'number' ? { idleSeconds } : {}),
        version: port.version + 1,
      };
      ports = ports.map((each) => (each === port ? changed : each));
      return changed;
    },
    deletePort({ params }) {
      const port = find(params.port);
      ports = ports.filter((each) => each !== port);
      return undefined;
    },
  };
}
