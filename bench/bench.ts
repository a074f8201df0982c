// `npm run bench`: our edge and connector beside nginx, HAProxy and Caddy, in one run on one machine. Prints tables with
// ratios and the targets, and writes everything to bench/results/ as JSON.
//
//     npm run bench -- [--quick] [--large] [--only requests,bulk,idle,start,access] [--peers nginx,caddy,sallyport]
//                      [--modes "h1 tls"] [--seconds 8] [--rounds 3] [--warm-up 100000] [--checkout]
//
// Peers run at the same time and take turns, of a fifth of a second where requests are counted (turns.ts), else round by round;
// ratios are made within a round, and medians are shown.
// --quick takes a look at each part in seconds; --large moves 5 GiB up and down through ours. Ours is the release, made on
// the spot, as users run it; --checkout takes bin/sallyport instead.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { freePort } from '../test/support/process.ts';
import { type Origins, startOrigins } from './origins.ts';
import { type AccessRound, measureAccess } from './access.ts';
import { type BulkResult, measureBulk, type Transfer } from './bulk.ts';
import { type IdleResult, measureIdle, measureResident, measureSettled } from './idle.ts';
import { loadCore, movePinned, proxyCore, runPinned } from './machine.ts';
import { mostProxied, type Peer, preparePeers, startCaddy, startHaproxy, startNginx } from './peers.ts';
import { type BenchResult, formatReport } from './report.ts';
import {
  measureRequests,
  type RequestMode,
  requestModes,
  type RequestsResult,
  warmUp,
  type WarmUpResult,
} from './requests.ts';
import {
  benchHostname,
  comparedRoutes,
  installedPath,
  isSallyportThere,
  prepareForm,
  type Sallyport,
  startSallyport,
} from './sallyport.ts';
import { msUntilServed } from './start-up.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const { values: flags } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    large: { type: 'boolean', default: false },
    only: { type: 'string', default: 'requests,bulk,idle,start,access' },
    peers: { type: 'string', default: 'nginx,haproxy,caddy,sallyport' },
    modes: { type: 'string', default: requestModes.join(',') },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    'warm-up': { type: 'string' },
    checkout: { type: 'boolean', default: false },
  },
});
const wantedParts = flags.only.split(',');
const wantedModes = requestModes.filter((mode) => flags.modes.split(',').includes(mode));
const seconds = Number(flags.seconds ?? (flags.quick ? 2 : 8));
/** Requests that every peer serves before it is measured, in each mode alike. */
const warmUpRequests = Number(flags['warm-up'] ?? (flags.quick ? 5_000 : 100_000));
const rounds = Number(flags.rounds ?? (flags.quick ? 1 : 3));
/** Requests per second of the latency runs, below what Caddy manages on one core. */
const fixedRate = 2000;

/** What the parts add to. */
interface Findings {
  readonly versions: Record<string, string>;
  readonly warmUps: WarmUpResult[];
  readonly requests: RequestsResult[];
  readonly bulk: BulkResult[];
  readonly idle: IdleResult[];
  readonly startMs: number[];
  readonly access: AccessRound[];
}

const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-'));
const found: Findings = {
  versions: {},
  warmUps: [],
  requests: [],
  bulk: [],
  idle: [],
  startMs: [],
  access: [],
};
const startedAt = new Date().toISOString();
// Programs that were started end with the process; a run that is cut short leaves no files behind either.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    // After the listeners that end the programs, which write into the folder.
    process.once('exit', () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }));
    process.exit(1);
  });
}
try {
  await measureAll();
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureAll(): Promise<void> {
  const origins = await startOrigins(folder);
  const peers: Peer[] = [];
  try {
    for (const name of flags.peers.split(',')) {
      const peer = await startPeer(name, origins);
      if (peer === undefined) continue;
      say(`${peer.name} ${peer.version}`);
      found.versions[peer.name] = peer.version;
      peers.push(peer);
    }
    await measurePeers(peers);
  } finally {
    for (const peer of peers) await peer.stop();
    await origins.stop();
  }
  await report();
}

async function measurePeers(peers: readonly Peer[]): Promise<void> {
  if (wantedParts.includes('idle')) for (const peer of peers) found.idle.push(measureResident(peer));
  if (wantedParts.includes('requests')) for (const mode of wantedModes) await measureMode(peers, mode);
  if (wantedParts.includes('bulk')) await measureTransfers(peers);
  if (wantedParts.includes('idle')) for (const peer of peers) await measureConnections(peer);
  if (wantedParts.includes('access')) for (const peer of peers) await measureGuard(peer);
  if (!wantedParts.includes('start')) return;
  for (const peer of peers) if ('restartConnector' in peer) await measureStart(peer as Sallyport);
}

/** Peers take turns, so that a machine that others use too is as busy for one as for the next. */
async function measureMode(proxies: readonly Peer[], mode: RequestMode): Promise<void> {
  const peers = proxies.flatMap((peer) => ('dataDir' in peer ? [peer, asInstalled(peer)] : [peer]));
  for (const peer of peers) found.warmUps.push(await warmUp(peer, mode, warmUpRequests));
  for (let round = 0; round < rounds; round++) {
    for (const result of await measureRequests(peers, mode, { seconds, fixedRate, round })) {
      const cost = `${result.perSecond.toFixed(0)} req/s, ${result.cpuTotalUs.toFixed(1)} us CPU each`;
      say(`  ${mode}, ${result.peer}: ${cost}`);
      found.requests.push(result);
    }
  }
}

/** Ours by the route that has the settings of one without a word. */
function asInstalled(ours: Peer): Peer {
  return { ...ours, name: `${ours.name}, as installed`, path: installedPath };
}

async function measureTransfers(peers: readonly Peer[]): Promise<void> {
  const sources = { '1g': join(folder, 'www', '1g'), '5g': join(folder, 'www', '5g') };
  // Read once, so that no peer pays for filling the page cache.
  await runPinned(loadCore, 'sh', ['-c', `cat ${sources['1g']} ${sources['5g']} >/dev/null`]);
  // Edge and connector never share a machine: throughput would be that of one core doing two machines' work. The connector
  // goes where the client and the origin are, which have the other core's time to share with it.
  const connectors = peers.flatMap(({ processes }) => processes['connector'] ?? []);
  for (const connector of connectors) movePinned(connector, loadCore);
  for (let round = 0; round < rounds; round++) {
    for (const direction of ['down', 'up'] as const) {
      for (const peer of peers)
        await transfer(peer, { direction, size: '1g', round, sourceFile: sources['1g'] });
    }
  }
  const ours = peers.find(({ name }) => name === 'sallyport');
  if (flags.large && ours !== undefined) {
    for (const direction of ['down', 'up'] as const)
      await transfer(ours, { direction, size: '5g', round: 0, sourceFile: sources['5g'] });
  }
  for (const peer of peers) found.idle.push(await measureSettled(peer));
  for (const connector of connectors) movePinned(connector, proxyCore);
}

async function transfer(peer: Peer, what: Transfer): Promise<void> {
  const result = await measureBulk(peer, what);
  say(`  ${what.size} ${what.direction}, ${peer.name}: ${(result.bytesPerSecond / 1e6).toFixed(0)} MB/s`);
  found.bulk.push(result);
}

/** Ours alone: the others have nobody to sign in. */
async function measureGuard(peer: Peer): Promise<void> {
  if (!('dataDir' in peer)) return;
  const options = flags.quick
    ? { rounds: 5, seconds: 2, warmUpSeconds: 5 }
    : { rounds: 11, seconds: 3, warmUpSeconds: 15 };
  found.access.push(...(await measureAccess(peer as Sallyport, options)));
}

async function measureStart(peer: Sallyport): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await peer.restartConnector();
    found.startMs.push(await msUntilServed(peer.tlsPort, benchHostname, performance.now()));
  }
}

async function measureConnections(peer: Peer): Promise<void> {
  for (const kind of ['http', 'websocket'] as const) {
    // Two open files a connection: WebSockets through any one proxy, and whatever HAProxy is asked for.
    const isDouble = peer.name !== 'sallyport' && (kind === 'websocket' || peer.name === 'haproxy');
    for (const count of flags.quick ? [1000] : [1000, 10_000]) {
      const result = await measureIdle(peer, kind, isDouble ? Math.min(count, mostProxied()) : count);
      say(`  ${result.connections} idle ${kind}, ${peer.name}`);
      found.idle.push(result);
    }
  }
  found.idle.push(await measureSettled(peer));
}

async function startPeer(name: string, origins: Origins): Promise<Peer | undefined> {
  const others = new Map([
    ['nginx', startNginx],
    ['haproxy', startHaproxy],
    ['caddy', startCaddy],
  ]);
  const start = others.get(name);
  if (start) {
    const options = await preparePeers(folder, { origin: origins.port, sink: origins.sinkPort });
    return start(options, await freePort(), await freePort());
  }
  if (!isSallyportThere()) return undefined;
  const form = await prepareForm(flags.checkout ? 'checkout' : 'release', folder);
  const ours = await startSallyport(folder, origins, form);
  await ours.configure(comparedRoutes);
  return ours;
}

async function report(): Promise<void> {
  const machine = `${cpus().length} x ${cpus()[0]!.model}, ${execFileSync('uname', ['-sr'], { encoding: 'utf8' }).trim()}`;
  const result: BenchResult = { startedAt, machine, ...found };
  const results = join(here, 'results');
  await mkdir(results, { recursive: true });
  const file = join(results, `${startedAt.replaceAll(':', '-')}.json`);
  await writeFile(file, `${JSON.stringify(result, null, 2)}\n`);
  process.stdout.write(`\n${formatReport(result)}\n${machine}; written to bench/results/\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
