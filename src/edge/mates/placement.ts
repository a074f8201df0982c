// Has a connector's tunnel connection served by a worker that has none of that connector yet, whichever worker the kernel gave it to:
// the connection is moved there before its TLS begins. Whose it is cannot be seen so early, but what can is enough: it comes from
// the address of a connector that is connected here and not there, and its ClientHello offers what tunnels offer.
//
//     connector -> this worker: reads the ClientHello -> [socket, bytes read] -> the other worker: TLS, handshake, tunnel
//
// What is not moved goes its usual way, and so does everything while each connector is at each worker (docs/adr/0022-placement.md).
import type { Socket } from 'node:net';
import { quietHandleOf, socketOf } from '#base/io/socket-internals.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { ClientAddress } from '#http/exchange.ts';
import type { PassageEnds, TlsPassage } from '../front-door/tls-passage.ts';
import { readHello } from '../ports/hello-reader.ts';
import type { Mates } from './mates.ts';

export interface PlacementOptions {
  readonly mates: Mates;
  readonly clock: Clock;
  readonly random: Random;
  /** How long a client may take for its ClientHello. */
  readonly helloMs: () => number;
  /** Workers that lack a connector of this address which is connected here. HOT: once per connection. */
  readonly workersWithout: (address: string) => readonly number[];
  /** What looks at connections beside this. */
  readonly passage: TlsPassage;
  /** Takes a connection that another worker has moved here; its bytes are back in the socket. */
  readonly adopt: (listener: string, socket: Socket, client: { address: string; port: number }) => void;
}

/**
 * This part stays where it came to: a second connector of the same address, which is not here at all, must not be sent to where the
 * first one is missing again and again.
 */
const staying = 1 / 8;

export class Placement implements TlsPassage {
  readonly #options: PlacementOptions;
  /** Moved here by another worker: once is enough. */
  readonly #moved = new WeakSet<Socket>();

  constructor(options: PlacementOptions) {
    this.#options = options;
    options.mates.onMoved(({ listener, client, early }, handle) => {
      const socket = socketOf(handle);
      if (!socket) return;
      this.#moved.add(socket);
      socket.unshift(early);
      options.adopt(listener, socket, client);
    });
  }

  looksAt(peerAddress: string): boolean {
    const { passage, workersWithout } = this.#options;
    return workersWithout(peerAddress).length > 0 || passage.looksAt(peerAddress);
  }

  look(socket: Socket, client: ClientAddress, ends: PassageEnds, listener: string): void {
    const { clock, helloMs, passage } = this.#options;
    const goOn = (): void => {
      if (passage.looksAt(client.peerAddress)) passage.look(socket, client, ends, listener);
      else ends.own();
    };
    if (this.#moved.has(socket)) return goOn();
    readHello(socket, {
      ...{ clock, withinMs: helloMs() },
      onHello: ({ protocols }, early) => {
        const to = isTunnel(protocols) ? this.#placeFor(client.peerAddress) : undefined;
        if (to !== undefined && this.#move(socket, { to, listener, client, early }))
          return ends.taken('moved');
        socket.unshift(early);
        goOn();
      },
      onRefused: () => ends.taken('tls-failed'),
    });
  }

  /** By lot: where several connectors of an address lack different workers, an order could send each to the other's for ever. */
  #placeFor(address: string): number | undefined {
    const { workersWithout, random } = this.#options;
    const places = workersWithout(address);
    if (random.fraction() < staying) return undefined;
    return places[Math.floor(random.fraction() * places.length)];
  }

  #move(
    socket: Socket,
    moved: {
      readonly to: number;
      readonly listener: string;
      readonly client: ClientAddress;
      readonly early: Buffer;
    },
  ): boolean {
    const { to, listener, early } = moved;
    const { address, port } = moved.client;
    const handle = quietHandleOf(socket);
    // Closed here only once it is open there.
    const done = (): void => void socket.destroy();
    const isMoved =
      handle !== undefined &&
      this.#options.mates.move(to, { listener, client: { address, port }, early }, handle, done);
    // From a worker that dies just now nothing may be heard.
    if (isMoved) socket.setTimeout(this.#options.helloMs(), done);
    return isMoved;
  }
}

/** By itself, or over a WebSocket, for which a connector offers HTTP/1.1 alone; another client that does is served there as well. */
function isTunnel(protocols: readonly string[]): boolean {
  return protocols.includes('sallyport/1') || (protocols.length === 1 && protocols[0] === 'http/1.1');
}
