// `npm run bench:workers`: an edge of two processes beside one of one, under the same load: HTTP/1.1 over TLS, small answers.
//
//     npm run bench:workers -- [--seconds 8] [--rounds 2] [--warm-up 100000] [--checkout]
//
// Throughput on two cores is told by what a request costs: load, origin and connector need a core, too, and a machine of two has none
// to spare, so that the clock would measure them. What an edge can do on N cores of its own is one second of CPU divided by what
// a request costs its busiest process. By the clock is told beside it; it means something on a machine of six cores and more.
// Each process has served so many requests before it is measured (docs/adr/0005-memory.md says why). Memory is Pss, so that what processes share counts once.
import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { type Origins, startOrigins } from './origins.ts';
import { runWrk } from './load.ts';
import { movePinned, ownCpuUs, ownProportionalBytes, pause, processTree, proxyCore } from './machine.ts';
import { formatTable } from './report.ts';
import { benchHostname, type Form, prepareForm, startSallyport } from './sallyport.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '8' },
    rounds: { type: 'string', default: '2' },
    'warm-up': { type: 'string', default: '100000' },
    checkout: { type: 'boolean', default: false },
  },
});
/** Enough that each of two processes has as many as one is measured with elsewhere. */
const connections = 128;
const targets = { ratio: 1.7, firstBytes: 128e6, furtherBytes: 60e6 };
/** The kernel gives a new process its share of connections; connectors need a moment until they are at each. */
const settleMs = 6_000;

/** One edge of so many processes, in one round. */
interface Run {
  readonly workers: number;
  readonly perSecond: number;
  /** CPU per request of all its processes, and the busiest one's part of it. */
  readonly cpuUs: number;
  readonly busiestPart: number;
  /** At rest and under load, all processes together. */
  readonly restBytes: number;
  readonly loadedBytes: number;
}

const folder = await mkdtemp(join(tmpdir(), 'sallyport-workers-'));
try {
  const runs = await measureAll();
  process.stdout.write(`\n${report(runs)}\n${cpus().length} x ${cpus()[0]!.model}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureAll(): Promise<Run[]> {
  const form = await prepareForm(flags.checkout ? 'checkout' : 'release', folder);
  const origins = await startOrigins(folder);
  const runs: Run[] = [];
  try {
    // They take turns, so that a machine that others use too is as busy for one as for the other.
    for (let round = 0; round < Number(flags.rounds); round++)
      for (const workers of [1, 2]) runs.push(await measure(origins, workers, { round, form }));
  } finally {
    await origins.stop();
  }
  return runs;
}

async function measure(
  origins: Origins,
  workers: number,
  { round, form }: { readonly round: number; readonly form: Form },
): Promise<Run> {
  const own = join(folder, `${workers}-${round}`);
  await mkdir(own);
  const ours = await startSallyport(own, origins, form, workers);
  try {
    const pids = processTree(ours.processes['edge']!);
    for (const pid of pids) movePinned(pid, proxyCore);
    await pause(settleMs);
    const restBytes = memoryOf(pids);
    const url = `https://${benchHostname}:${ours.tlsPort}/`;
    // Each process compiles for itself.
    for (let requests = 0; requests < Number(flags['warm-up']) * workers;)
      requests += (await runWrk(url, connections, 3)).requests;
    const before = pids.map(ownCpuUs);
    const load = await runWrk(url, connections, Number(flags.seconds));
    const used = pids.map((pid, i) => ownCpuUs(pid) - before[i]!);
    if (load.failed > 0) throw new Error(`${load.failed} of ${load.requests} requests failed`);
    const all = used.reduce((sum, us) => sum + us, 0);
    const run = {
      workers,
      perSecond: load.perSecond,
      cpuUs: all / load.requests,
      busiestPart: Math.max(...used) / all,
      ...{ restBytes, loadedBytes: memoryOf(pids) },
    };
    process.stderr.write(
      `  ${workers}: ${run.cpuUs.toFixed(1)} us a request, ${(run.busiestPart * 100).toFixed(0)} % by the busiest\n`,
    );
    return run;
  } finally {
    await ours.stop();
  }
}

function memoryOf(pids: readonly number[]): number {
  return pids.reduce((sum, pid) => sum + ownProportionalBytes(pid), 0);
}

function report(runs: readonly Run[]): string {
  const [one, two] = [1, 2].map((workers) => runs.filter((run) => run.workers === workers));
  const median = (of: readonly Run[], value: (run: Run) => number): number =>
    of.map(value).toSorted((a, b) => a - b)[Math.floor((of.length - 1) / 2)]!;
  const capacity = (run: Run): number => 1e6 / (run.cpuUs * run.busiestPart);
  const row = (name: string, of: readonly Run[]): string[] => [
    name,
    capacity(of.toSorted((a, b) => capacity(a) - capacity(b))[Math.floor((of.length - 1) / 2)]!).toFixed(0),
    median(of, (run) => run.perSecond).toFixed(0),
    median(of, (run) => run.cpuUs).toFixed(1),
    `${(median(of, (run) => run.busiestPart) * 100).toFixed(0)} %`,
    megabytes(median(of, (run) => run.restBytes)),
    megabytes(median(of, (run) => run.loadedBytes)),
  ];
  // Within a round, as the machine's other guests make it faster and slower.
  const ratios = one!.map((run, round) => capacity(two![round]!) / capacity(run)).toSorted((a, b) => a - b);
  const ratio = ratios[Math.floor((ratios.length - 1) / 2)]!;
  const first = median(one!, (run) => run.restBytes);
  const further = median(two!, (run) => run.restBytes) - first;
  const verdict = (what: string, isMet: boolean): string => `${isMet ? 'met     ' : 'NOT MET '}${what}`;
  return [
    formatTable(
      ['edge', 'req/s, own cores', 'req/s here', 'CPU us', 'busiest', 'MB at rest', 'MB loaded'],
      [row('one process', one!), row('two processes', two!)],
    ),
    '',
    verdict(`throughput, two to one: ${ratio.toFixed(2)}, at least ${targets.ratio}`, ratio >= targets.ratio),
    verdict(`memory of one: ${megabytes(first)} MB, at most 128`, first <= targets.firstBytes),
    verdict(`memory of a further one: ${megabytes(further)} MB, at most 60`, further <= targets.furtherBytes),
  ].join('\n');
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(0);
}
