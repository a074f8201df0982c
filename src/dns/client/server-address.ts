// Addresses of DNS servers as edge.yml and commands write them: `192.0.2.53`, `[2001:db8::53]:5353`, `ns1.example.com`.
import { lookup } from 'node:dns/promises';
import { errorText, SallyportError } from '#base/errors.ts';
import { parseAuthority } from '#base/net/hostname.ts';
import { formatEndpoint, isAddress, parseAddress } from '#base/net/ip.ts';

export interface ServerAddress {
  /** Address or hostname. */
  readonly host: string;
  readonly port: number;
}

const dnsPort = 53;

/** Reads `host`, `host:port`, `[v6]:port` or a bare IPv6 address; undefined when the text is none. */
export function parseServerAddress(text: string): ServerAddress | undefined {
  const bare = parseAddress(text);
  if (bare !== undefined) return { host: bare, port: dnsPort };
  const authority = parseAuthority(text);
  return authority && { host: authority.host, port: authority.port ?? dnsPort };
}

/** `192.0.2.53` or `[2001:db8::53]:5353`; the usual port is left out. */
export function formatServerAddress({ host, port }: ServerAddress): string {
  return port === dnsPort ? host : formatEndpoint(host, port);
}

/** The addresses behind a server's name, at most `limit`. @throws SallyportError 'dns-unreachable' */
export async function resolveServer(server: ServerAddress, limit: number): Promise<ServerAddress[]> {
  if (isAddress(server.host)) return [server];
  try {
    const found = await lookup(server.host, { all: true });
    return found.slice(0, limit).map(({ address }) => ({ host: address, port: server.port }));
  } catch (error) {
    throw new SallyportError(
      'dns-unreachable',
      `The DNS server ${server.host} has no address that this machine can find (${errorText(error)}); check the name.`,
      { cause: error },
    );
  }
}
