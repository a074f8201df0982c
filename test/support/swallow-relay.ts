// A TCP relay for bad networks: it passes bytes on until it is told to swallow them or to cut the connections. A
// swallowed connection is the half-open kind that no FIN or RST ever ends.
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/** Which bytes vanish: those towards the target, those from it, or both. */
export type SwallowedWay = 'to-target' | 'from-target' | 'both';

interface Pair {
  readonly near: Socket;
  readonly far: Socket;
}

export class SwallowRelay {
  readonly #server: Server;
  readonly #pairs = new Set<Pair>();
  readonly #target: { readonly host: string; readonly port: number };
  #swallowed: SwallowedWay | undefined;

  private constructor(server: Server, target: { host: string; port: number }) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (socket: Socket) => this.#accept(socket));
  }

  /** Listens on a free port of 127.0.0.1 (or the one given) and relays to `target`. */
  static async start(target: { host: string; port: number }, port = 0): Promise<SwallowRelay> {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    const relay = new SwallowRelay(server, target);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return relay;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** From now on bytes of old and new connections vanish without a word; `false` passes new bytes again. */
  swallow(isSwallowing = true, way: SwallowedWay = 'both'): void {
    this.#swallowed = isSwallowing ? way : undefined;
  }

  /** Resets every connection. */
  cut(): void {
    for (const pair of this.#pairs) {
      pair.near.resetAndDestroy();
      pair.far.resetAndDestroy();
    }
    this.#pairs.clear();
  }

  async close(): Promise<void> {
    this.cut();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #accept(near: Socket): void {
    near.on('error', () => undefined);
    const far = connect({ ...this.#target, allowHalfOpen: true, noDelay: true });
    far.on('error', () => undefined);
    const pair: Pair = { near, far };
    this.#pairs.add(pair);
    this.#join(near, far, 'to-target');
    this.#join(far, near, 'from-target');
    const forget = (): void => {
      if (this.#swallowed !== undefined) return;
      this.#pairs.delete(pair);
      near.destroy();
      far.destroy();
    };
    near.once('close', forget);
    far.once('close', forget);
  }

  #join(from: Socket, to: Socket, way: SwallowedWay): void {
    from.on('data', (chunk: Buffer) => this.#pass(from, to, chunk, way));
    from.on('end', () => void (this.#vanishes(way) || to.destroyed || to.end()));
    to.on('drain', () => from.resume());
  }

  #pass(from: Socket, to: Socket, chunk: Buffer, way: SwallowedWay): void {
    if (this.#vanishes(way) || to.destroyed) return;
    if (!to.write(chunk)) from.pause();
  }

  #vanishes(way: SwallowedWay): boolean {
    return this.#swallowed === 'both' || this.#swallowed === way;
  }
}
