// What is served inside the edge's own process: one connection in the tunnel registry for each service.
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import { isLocalTunnelId } from '#model/local-tunnel.ts';
import { LocalConnection, type LocalService } from './local-connection.ts';
import type { TunnelRegistry } from './tunnel-registry.ts';

export interface LocalServicesOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: TunnelRegistry;
}

export class LocalServices {
  readonly #options: LocalServicesOptions;
  readonly #connections = new Set<LocalConnection>();

  constructor(options: LocalServicesOptions) {
    this.#options = options;
  }

  /** @throws SallyportError 'invalid' for a tunnel that is not reserved for this */
  serve(service: LocalService): LocalConnection {
    const { registry, ...tools } = this.#options;
    if (!isLocalTunnelId(service.tunnelId)) {
      throw new SallyportError(
        'invalid',
        `The tunnel ${service.tunnelId} is not one that the edge may answer.`,
      );
    }
    const connection = new LocalConnection({
      ...tools,
      service,
      onDraining: (draining) => registry.remove(draining),
      onClosed: (closed) => {
        registry.remove(closed);
        this.#connections.delete(closed);
      },
    });
    this.#connections.add(connection);
    registry.setRules(connection, service.rules);
    return connection;
  }

  close(): void {
    for (const connection of this.#connections) connection.close('shutdown', 'the edge is stopping');
  }
}
