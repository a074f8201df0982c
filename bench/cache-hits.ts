// What a hit costs: `node bench/cache-hits.ts [--seconds 6] [--rounds 3] [--warm-up 60000]` prints CPU time per hit of our edge
// and of nginx's proxy_cache, both with an access log, on one core, over TLS and without, and their ratio. The target is a
// ratio of at most 1. Each serves the same number of hits before it is measured (docs/adr/0005-memory.md says why).
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { createCertificate } from '#testkit/certificates.ts';
import { freePort } from '../test/support/process.ts';
import { runWrk, startWrk, wrkInTurns } from './load.ts';
import { type Program, proxyCore, startPinned, waitForPort } from './machine.ts';
import { prepareForm, startSallyport } from './sallyport.ts';
import { takeTurns } from './turns.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '6' },
    rounds: { type: 'string', default: '3' },
    'warm-up': { type: 'string', default: '60000' },
  },
});
const seconds = Number(flags.seconds);
const rounds = Number(flags.rounds);
const connections = 64;
const nginxPorts = { http: await freePort(), https: await freePort() };
/** Hits of each size and scheme before it is measured; of large ones a tenth. */
const warmUpHits = Number(flags['warm-up']);
/** A page and a picture. */
const sizes = { '/small': 900, '/large': 100_000 } as const;

const folder = await mkdtemp(join(tmpdir(), 'sallyport-bench-hits-'));
const origin = createServer((request, response) => {
  const size = sizes[request.url as keyof typeof sizes] ?? 0;
  response.writeHead(200, {
    'Cache-Control': 's-maxage=3600',
    'Content-Type': 'application/octet-stream',
    'Content-Length': size,
  });
  response.end(Buffer.alloc(size, 'x'));
});
origin.listen(0, '127.0.0.1');
await once(origin, 'listening');
const { port } = origin.address() as AddressInfo;
const nginx = await startNginx(port);
const ours = await startSallyport(folder, { port, sinkPort: port }, await prepareForm('release', folder));

const caches = {
  nginx: { pid: nginx.pid, ports: nginxPorts, accessLog: join(folder, 'nginx.log') },
  sallyport: {
    pid: ours.processes['edge']!,
    ports: { http: ours.plainPort, https: ours.tlsPort },
    accessLog: ours.accessLog,
  },
};
type Cache = (typeof caches)[keyof typeof caches];
try {
  for (const scheme of ['https', 'http'] as const)
    for (const path of Object.keys(sizes) as (keyof typeof sizes)[]) await compare(scheme, path);
} finally {
  await ours.stop();
  await nginx.stop();
  origin.closeAllConnections();
  origin.close();
  await rm(folder, { recursive: true });
}

/** Both in turns of a fifth of a second (turns.ts); ratios are made within a round. */
async function compare(scheme: 'http' | 'https', path: keyof typeof sizes): Promise<void> {
  const what = `${scheme} ${path}`.padEnd(13);
  for (const cache of Object.values(caches)) await warmUp(cache, scheme, path);
  const ratios: number[] = [];
  for (let round = 0; round < rounds; round++) {
    const [theirs, own] = await usPerHit([caches.nginx, caches.sallyport], scheme, path);
    ratios.push(own! / theirs!);
    process.stdout.write(
      `${what} nginx ${theirs!.toFixed(1)} us, sallyport ${own!.toFixed(1)} us, ratio ${(own! / theirs!).toFixed(2)}\n`,
    );
  }
  const median = ratios.toSorted((a, b) => a - b)[Math.floor(ratios.length / 2)]!;
  process.stdout.write(`${what} median ratio ${median.toFixed(2)}, target at most 1.00\n`);
}

async function warmUp({ ports }: Cache, scheme: 'http' | 'https', path: keyof typeof sizes): Promise<void> {
  const least = sizes[path] > 10_000 ? warmUpHits / 10 : warmUpHits;
  for (let hits = 0; hits < least;)
    hits += (await runWrk(`${scheme}://localhost:${ports[scheme]}${path}`, connections, 3)).requests;
}

async function usPerHit(both: readonly Cache[], scheme: 'http' | 'https', path: string): Promise<number[]> {
  const takers = both.map(({ pid, ports, accessLog }) => ({
    accessLog,
    start: (all: number) => startWrk(`${scheme}://localhost:${ports[scheme]}${path}`, connections, all),
    processes: { cache: pid },
  }));
  const taken = await takeTurns(takers, seconds);
  return taken.map((turns) => {
    const { requests, failed } = wrkInTurns(turns);
    if (failed > 0 || requests === 0) throw new Error(`${failed} of ${requests} requests failed`);
    return turns.cpuUs['cache']! / requests;
  });
}

async function startNginx(originPort: number): Promise<Program> {
  await mkdir(join(folder, 'temp'));
  const temporary = ['client_body', 'proxy', 'fastcgi', 'scgi', 'uwsgi']
    .map((what) => `${what}_temp_path ${folder}/temp/${what};`)
    .join(' ');
  const { cert, key } = createCertificate({ name: 'localhost', names: ['localhost'] });
  await writeFile(join(folder, 'hits.pem'), cert + key);
  const file = join(folder, 'hits.conf');
  await writeFile(
    file,
    `daemon off; ${process.getuid?.() === 0 ? 'user root;' : ''} pid ${folder}/nginx.pid; worker_processes 1;
events { worker_connections 4096; }
http {
  access_log ${folder}/nginx.log combined buffer=64k; ${temporary}
  sendfile on; tcp_nopush on; keepalive_requests 1000000000; open_file_cache max=100;
  proxy_cache_path ${folder}/cache keys_zone=hits:10m use_temp_path=off;
  server {
    listen 127.0.0.1:${nginxPorts.http};
    listen 127.0.0.1:${nginxPorts.https} ssl;
    ssl_certificate ${folder}/hits.pem; ssl_certificate_key ${folder}/hits.pem; ssl_protocols TLSv1.3;
    location / { proxy_pass http://127.0.0.1:${originPort}; proxy_cache hits; }
  }
}
`,
  );
  const program = startPinned(proxyCore, 'nginx', ['-c', file, '-p', folder, '-e', '/dev/null']);
  await waitForPort(nginxPorts.https, 'nginx');
  return program;
}
