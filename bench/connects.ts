// What a new connection costs an edge, beside nginx in the same run: processor time of the proxy for each TLS 1.3 handshake (P-256
// certificate, X25519), for each with a request, for each that is resumed (TLS 1.2, the one that openssl s_time can), and for
// each that is only opened. How many a second one process can take is one second by that.
//
//     npm run bench:connects -- [--seconds 5] [--peers nginx,sallyport]
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../test/support/process.ts';
import { type Origins, startOrigins } from './origins.ts';
import { cpuUs, loadCore, runPinned } from './machine.ts';
import { type Peer, preparePeers, startNginx } from './peers.ts';
import { formatTable } from './report.ts';
import { benchHostname, prepareForm, startSallyport } from './sallyport.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    peers: { type: 'string', default: 'nginx,sallyport' },
  },
});
const warmUp = 2_000;
const requests = 2_000;

/** A way to connect: runs for a while, returns how many connections there were. */
type Generator = (port: number) => Promise<number>;

const sTime = (...how: readonly string[]): Generator => {
  return async (port) => {
    const where = ['-connect', `127.0.0.1:${port}`, '-time', flags.seconds];
    const text = await runPinned(loadCore, 'openssl', ['s_time', ...where, ...how]);
    return Number(/(\d+) connections in \d+ real seconds/.exec(text)?.[1] ?? 0);
  };
};
const withRequest =
  (count: number): Generator =>
  async (port) => {
    const each = ['--h1', '-n', String(count), '-c', String(count), '-r', '1000', '--rate-period', '1s'];
    const url = `https://${benchHostname}:${port}/`;
    const text = await runPinned(loadCore, 'h2load', [...each, '--connect-to', `127.0.0.1:${port}`, url]);
    return Number(/(\d+) 2xx/.exec(text)?.[1] ?? 0);
  };
const client = fileURLToPath(new URL('connect-client.ts', import.meta.url));
const onlyOpened: Generator = async (port) => {
  await runPinned(loadCore, process.execPath, [client, String(port), String(requests)]);
  return requests;
};
const resumed = 'resumed (TLS 1.2)';
const kinds: Readonly<Record<string, Generator>> = {
  'only opened': onlyOpened,
  handshake: sTime('-new', '-tls1_3'),
  'handshake, one request': withRequest(requests),
  [resumed]: sTime('-reuse', '-tls1_2'),
};

const folder = await mkdtemp(join(tmpdir(), 'sallyport-connects-'));
try {
  process.stdout.write(`\n${await measureAll()}\n${cpus().length} x ${cpus()[0]!.model}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureAll(): Promise<string> {
  const origins = await startOrigins(folder);
  const started: { stop(): Promise<void> }[] = [origins];
  const rows: string[][] = [];
  try {
    for (const name of flags.peers.split(',')) {
      const peer = await startPeer(name, origins);
      started.push(peer);
      await withRequest(warmUp)(peer.tlsPort);
      for (const [kind, generate] of Object.entries(kinds)) {
        // The bench's nginx speaks TLS 1.3 only.
        if (kind !== resumed || name === 'sallyport') rows.push(await measure(peer, kind, generate));
      }
    }
  } finally {
    for (const one of started.reverse()) await one.stop();
  }
  return formatTable(['proxy', 'connection', 'count', 'CPU us each', 'a second of one process'], rows);
}

async function measure(peer: Peer, kind: string, generate: Generator): Promise<string[]> {
  // The connector has no part in a connection, only in its request.
  const pid = peer.processes['edge'] ?? Object.values(peer.processes)[0]!;
  const before = cpuUs(pid);
  const count = await generate(peer.tlsPort);
  const each = (cpuUs(pid) - before) / count;
  return [peer.name, kind, String(count), each.toFixed(0), (1e6 / each).toFixed(0)];
}

async function startPeer(name: string, origins: Origins): Promise<Peer> {
  if (name === 'sallyport') {
    const form = await prepareForm('release', folder);
    return await startSallyport(folder, origins, form);
  }
  const options = await preparePeers(folder, { origin: origins.port, sink: origins.sinkPort });
  return await startNginx(options, await freePort(), await freePort());
}
