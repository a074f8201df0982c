// How soon a connector has a connection at each process of an edge (docs/workers.md): connectors start one after the other beside an
// edge of several processes; then one of these is killed. Told for each is how many connections it made until then, and the time.
//
//     npm run bench:spread -- [--workers 2,4] [--connectors 30] [--server-names] [--one-address]
//
// `--server-names`: the edge also passes TLS on by server name, so that it reads what every client says first. `--one-address`: all
// connectors are behind one address; otherwise each has its own.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { systemClock } from '#base/clock.ts';
import { createLog } from '#base/log.ts';
import { MetricsRegistry } from '#base/metrics/metrics.ts';
import { systemRandom } from '#base/random.ts';
import { parseConnectorConfig, requireValid } from '#config/connector-config.ts';
import { startConnector } from '#connector/connector.ts';
import { fixedCredentials } from '#connector/links/credentials-source.ts';
import { createCredentials, publicKeyOf } from '#tunnel/credentials.ts';
import { freePort } from '../test/support/process.ts';
import { pause, type Program, startPinned, waitForPort } from './machine.ts';
import { formatTable } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    workers: { type: 'string', default: '2,4' },
    connectors: { type: 'string', default: '30' },
    'server-names': { type: 'boolean', default: false },
    'one-address': { type: 'boolean', default: false },
  },
});
const port = await freePort();
/** Between two starts. */
const apartMs = 200;
/** Whoever is not everywhere by then is told as such. */
const limitMs = 120_000;
const { rules } = requireValid(
  parseConnectorConfig('ingress:\n  - service: http_status:204\n', 'yaml', 'bench'),
);

/** A connector as it is looked at here. */
class Watched {
  made = 0;
  /** Undefined until it is everywhere. */
  tookMs: number | undefined;
  #sinceMs = systemClock.nowMs();
  readonly #workers: number;
  readonly #at = new Map<unknown, unknown>();

  constructor(workers: number) {
    this.#workers = workers;
  }

  /** From now on, with a worker gone. */
  begin(gone: number): void {
    for (const [connIndex, worker] of this.#at) if (worker === gone) this.#at.delete(connIndex);
    this.made = 0;
    this.tookMs = undefined;
    this.#sinceMs = systemClock.nowMs();
  }

  hear(line: string): void {
    const { message, connIndex, worker } = JSON.parse(line) as Record<string, unknown>;
    if (message === 'Lost connection with the edge') this.#at.delete(connIndex);
    if (message !== 'Registered tunnel connection') return;
    this.made += 1;
    this.#at.set(connIndex, worker);
    if (new Set(this.#at.values()).size === this.#workers)
      this.tookMs ??= systemClock.nowMs() - this.#sinceMs;
  }

  get isEverywhere(): boolean {
    return this.tookMs !== undefined;
  }
}

const rows: string[][] = [];
for (const workers of flags.workers.split(',')) rows.push(...(await measure(Number(workers))));
process.stdout.write(
  `\n${formatTable(['workers', 'after', 'connections made: median', 'worst', 'seconds: median', 'worst', 'not everywhere'], rows)}\n`,
);

async function measure(workers: number): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'sallyport-spread-'));
  const credentials = createCredentials(systemRandom, `localhost:${port}`, '');
  const edge = await startEdge(folder, workers, credentials);
  const closers: (() => Promise<void>)[] = [];
  try {
    const caText = await readFile(join(folder, 'data/ca.pem'), 'utf8');
    const all: Watched[] = [];
    for (let i = 0; i < Number(flags.connectors); i++) {
      const watched = new Watched(workers);
      const log = createLog({ level: 'info', format: 'json', write: (line) => watched.hear(line) });
      const connector = await startConnector({
        credentials: fixedCredentials(credentials),
        ...{ edgeAddress: '', rules, caText, log, clock: systemClock, random: systemRandom },
        ...{ metrics: new MetricsRegistry(), version: '0.0.0', arch: 'bench' },
        ...(flags['one-address'] ? {} : { bindAddress: `127.0.1.${i + 1}` }),
      });
      closers.push(() => connector.close());
      all.push(watched);
      await pause(apartMs);
    }
    const started = await settled(all, workers, 'a start');
    const [, gone, pid] = /A worker serves worker=(\d+) pid=(\d+)/.exec(edge.output())!;
    for (const watched of all) watched.begin(Number(gone));
    process.kill(Number(pid), 'SIGKILL');
    await pause(apartMs);
    return [started, await settled(all, workers, 'kill -9 of one')];
  } finally {
    await Promise.all(closers.map((close) => close()));
    await edge.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

async function startEdge(
  folder: string,
  workers: number,
  credentials: ReturnType<typeof createCredentials>,
): Promise<Program> {
  const file = join(folder, 'edge.yml');
  const passed = { protocol: 'tls', hostname: 'passed.localhost', tunnel: 'home' };
  const config = {
    listen: { https: `127.0.0.1:${port}`, http: [], metrics: '127.0.0.1:0' },
    ...{ dataDir: join(folder, 'data'), hostname: 'localhost', internalCa: true, accessLog: 'off', workers },
    tunnels: [
      {
        ...{ name: 'home', id: credentials.tunnelId },
        publicKeys: [Buffer.from(publicKeyOf(credentials)).toString('base64')],
      },
    ],
    routes: [{ hostname: 'localhost', tunnel: 'home' }],
    ...(flags['server-names'] && { ports: [passed] }),
  };
  await writeFile(file, JSON.stringify(config));
  const program = fileURLToPath(new URL('../bin/sallyport', import.meta.url));
  const edge = startPinned('any', program, ['edge', 'run', '--config', file]);
  await waitForPort(port, 'the edge');
  while (!edge.output().includes('The edge is ready')) await pause(100);
  return edge;
}

/** Waits until all are everywhere, and tells what that took. */
async function settled(all: readonly Watched[], workers: number, after: string): Promise<string[]> {
  const limit = systemClock.nowMs() + limitMs;
  while (!all.every(({ isEverywhere }) => isEverywhere) && systemClock.nowMs() < limit) await pause(100);
  const made = all.map((one) => one.made).toSorted((a, b) => a - b);
  const ms = all.flatMap(({ tookMs }) => (tookMs === undefined ? [] : [tookMs])).toSorted((a, b) => a - b);
  const middle = (values: readonly number[]): number => values[Math.floor((values.length - 1) / 2)] ?? 0;
  const seconds = (value: number | undefined): string => ((value ?? 0) / 1000).toFixed(1);
  return [
    ...[String(workers), after, String(middle(made)), String(made.at(-1))],
    ...[seconds(middle(ms)), seconds(ms.at(-1)), String(all.length - ms.length)],
  ];
}
