// The sockets of ports, as one edge process hands them to the next: a client that comes meanwhile finds the port open.

/** What a handed socket is: a TCP port, or a UDP port of either family. */
export type PortHandleKind = 'port-tcp' | 'port-udp4' | 'port-udp6';

/** The open socket of a port. */
export interface PortHandle {
  readonly kind: PortHandleKind;
  /** Undefined: every address. */
  readonly host: string | undefined;
  readonly port: number;
  /** Its descriptor. */
  readonly handle: number;
}

/** Finds the descriptor that a predecessor has handed over for an address, if any. */
export type FindPortHandle = (
  kind: PortHandleKind,
  at: { readonly host: string | undefined; readonly port: number },
) => number | undefined;

/** Those that were handed over, each to be had once: a port that is closed and opened again later opens a socket of its own. */
export class InheritedPorts {
  readonly #find: FindPortHandle;
  readonly #taken = new Set<number>();

  constructor(find: FindPortHandle = () => undefined) {
    this.#find = find;
  }

  /** `address` as a port has it: '' for every address. */
  take(kind: PortHandleKind, address: string, port: number): number | undefined {
    const handle = this.#find(kind, { host: hostOf(address), port });
    if (handle === undefined || this.#taken.has(handle)) return undefined;
    this.#taken.add(handle);
    return handle;
  }
}

/** The address of a port as sockets have it. */
export function hostOf(address: string): string | undefined {
  return address === '' ? undefined : address;
}
