// The address of an edge as people write it: `host:port`, with IPv6 in brackets; the port may be left out.
import { SallyportError } from '#base/errors.ts';

export interface EdgeAddress {
  /** A hostname or an IP address without brackets. */
  readonly host: string;
  readonly port: number;
}

const defaultPort = 443;

/** Reads `host:port`, `host`, `[v6]:port` or `[v6]`. Throws `config-invalid`. */
export function parseEdgeAddress(text: string): EdgeAddress {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^\s:/[\]]+))(?::([0-9]{1,5}))?$/.exec(text.trim());
  const port = match?.[3] === undefined ? defaultPort : Number(match[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port < 1 || port > 65_535) {
    throw new SallyportError(
      'config-invalid',
      `The edge address "${text}" cannot be used; write it as host:port, such as edge.example.com:443.`,
    );
  }
  return { host, port };
}

/** `host:port`, with brackets around IPv6. */
export function formatEdgeAddress(address: EdgeAddress): string {
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`;
}
