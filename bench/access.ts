// What access costs: the same edge, asked for a public hostname and for one that only users may see, by a browser that has
// signed in. Both get the same bytes but for the hostname, in turns, so that a machine that others use too is as busy for one
// as for the other. Part of the price is the 700 bytes that a service is told of who asks.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createApiClient } from '#api/client.ts';
import { sendToEdge } from '#roles/commands/send-to-edge.ts';
import { Visitor } from '../test/access/visitor.ts';
import { addUser, password } from '../test/access/world.ts';
import { runWrk } from './load.ts';
import { cpuUs } from './machine.ts';
import { benchHostname, guardedHostname, guardedRoutes, type Sallyport } from './sallyport.ts';

/** CPU per request of one round, in microseconds, by process. */
export interface AccessRound {
  readonly round: number;
  readonly open: Readonly<Record<string, number>>;
  readonly guarded: Readonly<Record<string, number>>;
}

const connections = 64;
const dashboard = 'sallyport.localhost';

export interface AccessOptions {
  readonly rounds: number;
  /** Of each of the two runs of a round. */
  readonly seconds: number;
  /** Before anything is counted, for each of the two. */
  readonly warmUpSeconds: number;
}

/** Signs a browser in, and lets its requests and those of everybody take turns. */
export async function measureAccess(
  sallyport: Sallyport,
  { rounds, seconds, warmUpSeconds }: AccessOptions,
): Promise<AccessRound[]> {
  await sallyport.configure(guardedRoutes);
  const cookie = await signedIn(sallyport);
  const measure = async (hostname: string, forSeconds: number): Promise<Record<string, number>> => {
    const before = usage(sallyport);
    const url = `http://${benchHostname}:${sallyport.plainPort}/`;
    const run = await runWrk(url, connections, forSeconds, { Host: hostname, Cookie: cookie });
    const after = usage(sallyport);
    if (run.failed > 0 || run.requests === 0)
      throw new Error(`${hostname}: ${run.failed} of ${run.requests} requests failed; nothing to compare`);
    return Object.fromEntries(
      Object.keys(before).map((name) => [name, (after[name]! - before[name]!) / run.requests]),
    );
  };
  for (const hostname of [benchHostname, guardedHostname]) await measure(hostname, warmUpSeconds);
  const out: AccessRound[] = [];
  for (let round = 0; round < rounds; round++) {
    // Who comes first changes, so that neither always follows the other.
    const isOpenFirst = round % 2 === 0;
    const first = await measure(isOpenFirst ? benchHostname : guardedHostname, seconds);
    const second = await measure(isOpenFirst ? guardedHostname : benchHostname, seconds);
    out.push({ round, open: isOpenFirst ? first : second, guarded: isOpenFirst ? second : first });
  }
  return out;
}

/** Whoever could pass without the cookie would show nothing. */
async function signedIn({ tlsPort, dataDir }: Sallyport): Promise<string> {
  const visitor = new Visitor({ port: tlsPort, ca: await caOf(dataDir) });
  const api = createApiClient((path, init) =>
    sendToEdge({ kind: 'socket', file: join(dataDir, 'admin.sock') }, path, init),
  );
  const origin = `https://${dashboard}:${tlsPort}`;
  await addUser(
    { api, visitor: new Visitor({ port: tlsPort, ca: await caOf(dataDir) }), dashboard: origin },
    'bench',
  );
  const url = `https://${guardedHostname}:${tlsPort}/`;
  const stranger = await visitor.ask(url);
  if (stranger.status !== 302) throw new Error(`a stranger got ${stranger.status} instead of the sign-in`);
  const { status } = await visitor.signIn(await visitor.open(url), 'bench', password);
  if (status !== 200) throw new Error(`the sign-in ended with ${status}`);
  return [...visitor.cookies.get(guardedHostname)!].map(([name, value]) => `${name}=${value}`).join('; ');
}

function caOf(dataDir: string): Promise<string> {
  return readFile(join(dataDir, 'ca.pem'), 'utf8');
}

function usage({ processes }: Sallyport): Record<string, number> {
  return Object.fromEntries(Object.entries(processes).map(([name, pid]) => [name, cpuUs(pid)]));
}
