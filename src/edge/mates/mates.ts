// The other processes of the same edge (its workers), as one of them sees them: small news that each tells all others, so
// that limits hold over all of them and a tunnel that ends at one can be reached from every one. How news travel is the
// business of roles/workers; here they only come and go.
import type { ConnectionHandle } from '#base/io/socket-internals.ts';
import type { Ban, BanRule } from '../shaping/bans.ts';

/** What workers tell each other, by topic. Plain data. */
export interface MateNews {
  /** Connector processes that have a connection here now, or have none any more. */
  readonly connectors: { readonly up: readonly string[]; readonly down: readonly string[] };
  /** What was taken from token buckets: table, key, amount. */
  readonly spent: readonly (readonly [string, string, number])[];
  /** Client connections of a listener that are open here: in all, and by address where the number has changed. */
  readonly connections: {
    readonly listener: string;
    readonly total: number;
    readonly addresses: readonly (readonly [string, number])[];
  };
  /** The guard has refused a client once more; `client` as the table of bans knows it. */
  readonly hit: BanRule & { readonly client: string };
  /** The guard keeps a client out from now on, for so long. */
  readonly ban: Pick<Ban, 'client' | 'why'> & { readonly agoMs: number; readonly forMs: number };
  /** Somebody tries a page password, and what has become of that. */
  readonly attempt: {
    readonly id: string;
    readonly address: string;
    readonly account: string;
    readonly state: 'begun' | 'taken-back' | 'succeeded';
  };
  /** A hand-over of a sign-in has been used. */
  readonly handOver: { readonly number: string };
}

/** A client's connection that another worker is to serve, from before its TLS. */
export interface MovedConnection {
  /** The listener's name is the same at every worker. */
  readonly listener: string;
  readonly client: { readonly address: string; readonly port: number };
  /** What has been read of it. */
  readonly early: Uint8Array;
}

export type MateTopic = keyof MateNews;

type Take<T extends MateTopic> = (news: MateNews[T], from: number) => void;

export interface MatesOptions {
  /** From 1; 1 is the process that started the others. */
  readonly number: number;
  readonly count: number;
  /** Gives news to all others. */
  readonly send: (topic: MateTopic, news: unknown) => void;
  /** Gives a connection to one of the others; `done` when it is open there. False when that has ended: it stays here. */
  readonly move: (to: number, moved: MovedConnection, handle: ConnectionHandle, done: () => void) => boolean;
  /** Where workers take relayed tunnels (relay-door.ts), and what they prove themselves with. */
  readonly relay: { readonly pathOf: (number: number) => string; readonly secret: Buffer };
}

/** One worker's link to the others. */
export class Mates {
  readonly number: number;
  readonly count: number;
  readonly relay: MatesOptions['relay'];
  readonly #send: MatesOptions['send'];
  readonly #takers = new Map<MateTopic, Take<never>[]>();
  readonly #joined: ((number: number) => void)[] = [];
  readonly #left: ((number: number) => void)[] = [];
  readonly move: MatesOptions['move'];
  #takeMoved: ((moved: MovedConnection, handle: ConnectionHandle) => void) | undefined;
  readonly #present = new Set<number>();

  constructor({ number, count, send, move, relay }: MatesOptions) {
    this.move = move;
    this.number = number;
    this.count = count;
    this.relay = relay;
    this.#send = send;
  }

  /** Numbers of the others that run. */
  get present(): ReadonlySet<number> {
    return this.#present;
  }

  /** Tells all others. They hear it in order, a moment later. */
  tell<T extends MateTopic>(topic: T, news: MateNews[T]): void {
    if (this.#present.size > 0) this.#send(topic, news);
  }

  /** Hears what others tell. */
  hear<T extends MateTopic>(topic: T, take: Take<T>): void {
    const takers = this.#takers.get(topic) ?? [];
    this.#takers.set(topic, [...takers, take as Take<never>]);
  }

  /** Takes connections that others give to this one. */
  onMoved(take: (moved: MovedConnection, handle: ConnectionHandle) => void): void {
    this.#takeMoved = take;
  }

  /** Calls back when another one has started, or started again: it has heard nothing yet. */
  onJoined(run: (number: number) => void): void {
    this.#joined.push(run);
  }

  /** Calls back when another one has ended: what it had is gone. */
  onLeft(run: (number: number) => void): void {
    this.#left.push(run);
  }

  // Called by whoever carries the news.

  receive(from: number, topic: MateTopic, news: unknown): void {
    for (const take of this.#takers.get(topic) ?? []) take(news as never, from);
  }

  moved(moved: MovedConnection, handle: ConnectionHandle): void {
    this.#takeMoved?.(moved, handle);
  }

  joined(number: number): void {
    if (number === this.number) return;
    this.#present.add(number);
    for (const run of this.#joined) run(number);
  }

  left(number: number): void {
    if (!this.#present.delete(number)) return;
    for (const run of this.#left) run(number);
  }
}
