// What ties the tunnels of an edge's workers together: each takes relayed tunnels in, and lends its own.
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import { RelayDialer, type RelayDialerOptions } from './relay-dialer.ts';
import { RelayDoor } from './relay-door.ts';

export interface RelaysOptions extends RelayDialerOptions {
  /** The rules of a tunnel that is known here by another worker only. */
  readonly onRules: (tunnelId: string, rules: PublishedRules) => void;
}

export class Relays {
  readonly #door: RelayDoor;
  readonly #dialer: RelayDialer;

  constructor(options: RelaysOptions) {
    this.#door = new RelayDoor(options);
    this.#dialer = new RelayDialer(options);
  }

  /** Opens the socket file. @throws when it cannot be made */
  open(): Promise<void> {
    return this.#door.open();
  }

  /** Sessions that this worker keeps to others. */
  get lent(): number {
    return this.#dialer.count;
  }

  close(): void {
    this.#dialer.close();
    this.#door.close();
  }
}
