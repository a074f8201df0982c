// Ports for the demo: the one asked for, or a memorable one, or any that is free, on every loopback address alike.
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { networkInterfaces } from 'node:os';
import { SallyportError } from '#base/errors.ts';

/** Loopback addresses of this machine: browsers try both families for `*.localhost`. */
export function loopbackHosts(): string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return addresses.some(({ address }) => address === '::1') ? ['127.0.0.1', '::1'] : ['127.0.0.1'];
}

/** Ports to try when any will do. */
const attempts = 20;

/**
 * A port that is free on all `hosts`: `asked` if given (0 = any), else `preferred`, else any.
 * @throws SallyportError 'listen-failed' when the one asked for is taken; `flag` names the cure
 */
export async function choosePort(
  asked: number | undefined,
  preferred: number,
  hosts: readonly string[],
  flag: string,
): Promise<number> {
  if (asked !== undefined && asked !== 0) {
    if (await isFree(asked, hosts)) return asked;
    throw new SallyportError(
      'listen-failed',
      `Port ${asked} on this machine is taken or not allowed; choose another with ${flag}.`,
    );
  }
  if (asked === undefined && (await isFree(preferred, hosts))) return preferred;
  for (let i = 0; i < attempts; i++) {
    const port = await anyPort(hosts[0]!);
    if (await isFree(port, hosts.slice(1))) return port;
  }
  throw new SallyportError('listen-failed', `No free port was found; name one with ${flag}.`);
}

async function isFree(port: number, hosts: readonly string[]): Promise<boolean> {
  for (const host of hosts) {
    const server = await open(port, host);
    if (!server) return false;
    await close(server);
  }
  return true;
}

async function anyPort(host: string): Promise<number> {
  const server = await open(0, host);
  if (!server) return 0;
  const { port } = server.address() as AddressInfo;
  await close(server);
  return port;
}

async function open(port: number, host: string): Promise<Server | undefined> {
  const server = createServer();
  server.listen({ port, host });
  try {
    await once(server, 'listening');
    return server;
  } catch {
    return undefined;
  }
}

async function close(server: Server): Promise<void> {
  server.close();
  await once(server, 'close');
}
