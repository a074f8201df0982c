// What features cost those who do not use them: `node bench/plain-path.ts [--seconds 1] [--rounds 30]` prints CPU time per request of
// one edge, for a route without cache and compression that is alone, for the same route beside thirty others with every step
// and three ports, and for a route as it is without a word (cache and compression on, an answer that neither takes). The same
// process serves all three, by changes of its configuration, in many short turns. What else a machine does only ever adds to
// CPU time, so the lower quartiles of the turns are compared. The target is a ratio of at most 1.05 for the first two.
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { stringify } from 'yaml';
import { freePort } from '../test/support/process.ts';
import { runWrk } from './load.ts';
import { cpuUs } from './machine.ts';
import { benchHostname, prepareForm, startSallyport } from './sallyport.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '30' },
    'warm-up': { type: 'string', default: '80000' },
  },
});
const connections = 64;
const mostRatio = 1.05;

const plain = { hostname: benchHostname, tunnel: 'bench', cache: 'off', compression: 'off' };
const bare = { hostname: benchHostname, tunnel: 'bench' };

/** A route with every step, beside the one that is measured. */
const full = (i: number): object => ({
  hostname: `site-${i}.example.com`,
  path: '/blog',
  tunnel: 'bench',
  cache: { setCookie: 'strip', query: { drop: ['utm_*'] } },
  compression: { codings: ['zstd', 'br'] },
  redirects: [{ outside: '/blog', to: '/blog{rest}' }],
  hsts: { maxAge: '24h' },
  balance: { members: [{ tunnel: 'bench' }], sticky: 'member', eject: {} },
  canonicalHost: 'apex',
  prefix: { strip: '/blog' },
  headers: { request: { set: { 'X-Client': '{client_ip}' } }, security: 'basic' },
  cors: { origins: ['https://app.example.com'] },
  errorPages: { pages: { 404: 'none' } },
  limits: { body: '10MiB' },
  rateLimits: [{ requests: 100, window: '1m' }],
  bandwidth: { down: '10MiB' },
  guard: { ban: { after: 5, for: '1h' } },
  trace: { ratio: 0.1 },
});
const ports = [
  {
    protocol: 'tcp',
    port: await freePort(),
    address: '127.0.0.1',
    hostname: 'db.example.com',
    tunnel: 'bench',
  },
  {
    protocol: 'udp',
    port: await freePort(),
    address: '127.0.0.1',
    hostname: 'dns.example.com',
    tunnel: 'bench',
  },
  { protocol: 'tls', hostname: 'nas.example.com', tunnel: 'bench' },
];

/** What is in force while each is measured. */
const ways = {
  alone: stringify({ routes: [plain] }),
  'among thirty with every step': stringify({
    routes: [plain, ...Array.from({ length: 30 }, (_, i) => full(i))],
    ports,
  }),
  'without a word': stringify({ routes: [bare] }),
} as const;
type Way = keyof typeof ways;
const names = Object.keys(ways) as Way[];

const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-plain-'));
const body = Buffer.alloc(900, 'x');
const origin = createServer((_request, response) => {
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': body.length });
  response.end(body);
});
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');
const { port } = origin.address() as AddressInfo;
const ours = await startSallyport(folder, { port, sinkPort: port }, await prepareForm('release', folder));
try {
  let served = 0;
  for (let i = 0; served < Number(flags['warm-up']); i++) {
    await ours.configure(ways[names[i % names.length]!]);
    served += (await load(2)).requests;
  }
  const found: Record<Way, number>[] = [];
  for (let round = 0; round < Number(flags.rounds); round++) {
    const us = {} as Record<Way, number>;
    // Each begins a round once, so that none is always the first after another.
    for (let i = 0; i < names.length; i++) {
      const way = names[(i + round) % names.length]!;
      await ours.configure(ways[way]);
      us[way] = (await load(Number(flags.seconds))).us;
    }
    found.push(us);
  }
  for (const name of names) {
    const all = found.map((us) => us[name]).toSorted((a, b) => a - b);
    const median = all[Math.floor(all.length / 2)]!;
    const words = `least ${all[0]!.toFixed(1)}, lower quartile ${quartileOf(found, name).toFixed(1)}, median ${median.toFixed(1)} us`;
    process.stdout.write(`${name}: ${words}\n`);
  }
  for (const name of names.slice(1)) {
    const ratio = quartileOf(found, name) / quartileOf(found, 'alone');
    const target = name === 'without a word' ? '' : `, target at most ${mostRatio}`;
    process.stdout.write(`${name}: ${ratio.toFixed(3)} times alone${target}\n`);
  }
} finally {
  await ours.stop();
  origin.closeAllConnections();
  origin.close();
  await rm(folder, { recursive: true });
}

/** The lower quartile of a way's turns. */
function quartileOf(rounds: readonly Record<Way, number>[], name: Way): number {
  const all = rounds.map((us) => us[name]).toSorted((a, b) => a - b);
  return all[Math.floor(all.length / 4)]!;
}

/** CPU of the edge per request, in microseconds, over so many seconds at full speed. */
async function load(seconds: number): Promise<{ readonly us: number; readonly requests: number }> {
  const pid = ours.processes['edge']!;
  const before = cpuUs(pid);
  const { requests, failed } = await runWrk(
    `http://${benchHostname}:${ours.plainPort}/`,
    connections,
    seconds,
  );
  if (failed > 0 || requests === 0) throw new Error(`${failed} of ${requests} requests failed`);
  return { us: (cpuUs(pid) - before) / requests, requests };
}
