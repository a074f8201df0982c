// Two transports joined without delay, clock or fault: what one writes, the other is handed on the same turn of the
// event loop. For benches, where only the code above the transport may cost time.
import { createHash } from 'node:crypto';
import type { Transport, TransportHandler } from '#tunnel/transport/transport.ts';

export function instantLink(): { readonly edge: Transport; readonly connector: Transport } {
  const edge = new InstantTransport();
  const connector = new InstantTransport();
  edge.peer = connector;
  connector.peer = edge;
  return { edge, connector };
}

class InstantTransport implements Transport {
  readonly kind = 'memory';
  readonly remoteAddress = '192.0.2.1:443';
  peer!: InstantTransport;
  #handler: TransportHandler | undefined;
  readonly #early: Buffer[] = [];

  exporter(label: string, lengthBytes: number): Buffer {
    return createHash('sha512').update(label).digest().subarray(0, lengthBytes);
  }

  start(handler: TransportHandler): void {
    this.#handler = handler;
    for (const chunk of this.#early.splice(0)) handler.onData(chunk);
  }

  write(chunk: Buffer, done: () => void): boolean {
    // The one copy that a socket would make, too.
    const copy = Buffer.allocUnsafeSlow(chunk.length);
    copy.set(chunk);
    done();
    const { peer } = this;
    if (peer.#handler) peer.#handler.onData(copy);
    else peer.#early.push(copy);
    return true;
  }

  close(): void {
    this.peer.#end();
    this.#end();
  }

  destroy(): void {
    this.close();
  }

  #end(): void {
    const handler = this.#handler;
    this.#handler = undefined;
    handler?.onClose(undefined);
  }
}
