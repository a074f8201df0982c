// Where a worker takes tunnels that end at another worker: a socket file in the data folder, over which the other one comes as
// if it were the connector, with the connector's own rules (relay-dialer.ts). Such a connection takes requests while the
// connector has none of its own here.
//
//   client -> this worker -> socket file -> the other worker -> connector
import { chmodSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import type { EdgeConnection } from '#tunnel/connection.ts';
import { acceptConnection, type DrivenConnection } from '#tunnel/driver.ts';
import { localTransport } from '#tunnel/transport/tls-transport.ts';
import type { WindowBudget } from '#tunnel/session/window.ts';
import type { TunnelRegistry } from '../tunnels/tunnel-registry.ts';
import type { Mates } from './mates.ts';
import { relayKeyOf } from './relay-credentials.ts';

export interface RelayDoorOptions {
  readonly mates: Mates;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly registry: TunnelRegistry;
  readonly windows: WindowBudget;
  /** The rules of a tunnel that is known here by another worker only. */
  readonly onRules: (tunnelId: string, rules: PublishedRules) => void;
}

export class RelayDoor {
  readonly #options: RelayDoorOptions;
  readonly #driven = new Set<DrivenConnection>();
  #server: Server | undefined;

  constructor(options: RelayDoorOptions) {
    this.#options = options;
  }

  /** Opens the socket file; one that was left by a worker before this one is replaced. */
  async open(): Promise<void> {
    const { mates } = this.#options;
    const path = mates.relay.pathOf(mates.number);
    rmSync(path, { force: true });
    const server = createServer((socket) => {
      socket.on('error', () => {});
      this.#accept(localTransport(socket, mates.relay.secret));
    });
    this.#server = server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(path, resolve);
    });
    chmodSync(path, 0o600);
  }

  close(): void {
    this.#server?.close();
    for (const driven of this.#driven) driven.close('shutdown');
  }

  #accept(transport: ReturnType<typeof localTransport>): void {
    const { clock, random, log, registry, windows, mates, onRules } = this.#options;
    const leave = (connection: EdgeConnection): void => registry.remove(connection);
    const driven = acceptConnection(
      transport,
      {
        ...{ edgeName: '', clock, random, windowBudget: windows },
        lookupTunnel: (id) => ({ publicKeys: [relayKeyOf(mates.relay.secret, id)] }),
        onFault: (error) => log.error('Fault in a relayed stream', { error: String(error) }),
      },
      {
        onReady() {},
        onRules(connection, rules) {
          registry.setRules(connection, rules, true);
          onRules(connection.tunnelId, rules);
        },
        onDraining: leave,
        onClosed: (connection) => {
          this.#driven.delete(driven);
          if (connection) leave(connection);
        },
      },
    );
    this.#driven.add(driven);
  }
}
