// What ties the tunnels of an edge's workers together: each takes relayed tunnels in, and lends its own.
import type { PublishedRules } from '#model/ingress/published-rules.ts';
import { Placement, type PlacementOptions } from './placement.ts';
import { RelayDialer, type RelayDialerOptions } from './relay-dialer.ts';
import { RelayDoor } from './relay-door.ts';

export interface RelaysOptions extends RelayDialerOptions {
  /** The rules of a tunnel that is known here by another worker only. */
  readonly onRules: (tunnelId: string, rules: PublishedRules) => void;
}

export class Relays {
  readonly #options: RelaysOptions;
  readonly #door: RelayDoor;
  readonly #dialer: RelayDialer;

  constructor(options: RelaysOptions) {
    this.#options = options;
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

  /** What moves connections of connectors to workers that would else have to be lent them. */
  placement(choices: Omit<PlacementOptions, 'mates' | 'clock' | 'random' | 'workersWithout'>): Placement {
    const { mates, clock, random } = this.#options;
    const workersWithout = (address: string): readonly number[] => this.#dialer.workersWithout(address);
    return new Placement({ ...choices, ...{ mates, clock, random, workersWithout } });
  }

  close(): void {
    this.#dialer.close();
    this.#door.close();
  }
}
