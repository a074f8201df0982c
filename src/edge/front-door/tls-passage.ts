// What looks at connections to the https listeners before their TLS begins: those that are passed on by server name
// (edge/ports/ports.ts), and those of connectors that another worker is to serve (edge/mates/placement.ts).
import type { Socket } from 'node:net';
import type { ClientAddress } from '#http/exchange.ts';

/** What becomes of a connection that was looked at; exactly one is called, unless it is lost. */
export interface PassageEnds {
  /** TLS ends here; the bytes that were read are back in the socket. */
  readonly own: () => void;
  readonly taken: (outcome: 'passed-on' | 'moved' | 'tls-failed') => void;
}

export interface TlsPassage {
  /** Whether connections from there are looked at now. HOT: once per connection. */
  looksAt(peerAddress: string): boolean;
  look(socket: Socket, client: ClientAddress, ends: PassageEnds, listener: string): void;
}
