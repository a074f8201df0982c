// What an edge that nobody talks to costs, with its connector: CPU milliseconds a second of each thread. What is left are looks at
// the store and at files, proofs of life, and V8's own threads, which clear up after them.
//
//     npm run bench:idle-cpu -- [--seconds 60] [--settle 170] [--form release|checkout]
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startOrigins } from './origins.ts';
import { pause, processTree } from './machine.ts';
import { formatTable } from './report.ts';
import { type Form, prepareForm, startSallyport } from './sallyport.ts';

const { values: flags } = parseArgs({
  options: {
    seconds: { type: 'string', default: '60' },
    settle: { type: 'string', default: '170' },
    form: { type: 'string', default: 'release' },
  },
});
/** Of all threads of an edge, in milliseconds a second. */
const target = 3;

const folder = await mkdtemp(join(tmpdir(), 'sallyport-idle-cpu-'));
try {
  process.stdout.write(`\n${await measureAll()}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureAll(): Promise<string> {
  const origins = await startOrigins(folder);
  const form = await prepareForm(flags.form as Form['name'], folder);
  const ours = await startSallyport(folder, origins, form);
  try {
    // What a start leaves to be done is done by then: first looks from outside, V8's collection after a hundred seconds of rest.
    await pause(Number(flags.settle) * 1000);
    const processes = Object.entries(ours.processes);
    const before = await Promise.all(processes.map(([, pid]) => threadsOf(pid)));
    await pause(Number(flags.seconds) * 1000);
    const after = await Promise.all(processes.map(([, pid]) => threadsOf(pid)));
    return processes.map(([name], i) => tableOf(name, before[i]!, after[i]!)).join('\n');
  } finally {
    await ours.stop();
    await origins.stop();
  }
}

interface Thread {
  readonly name: string;
  readonly cpuNs: number;
}

/** Threads of a process and of what it has started, by their id. */
async function threadsOf(pid: number): Promise<Map<string, Thread>> {
  const threads = new Map<string, Thread>();
  for (const one of processTree(pid)) {
    for (const id of await readdir(`/proc/${one}/task`)) {
      const read = (file: string): Promise<string> => readFile(`/proc/${one}/task/${id}/${file}`, 'latin1');
      const name = id === String(one) ? 'main' : (await read('comm')).trim();
      // The first number is the time on a core, in nanoseconds.
      threads.set(id, { name, cpuNs: Number((await read('schedstat')).split(' ')[0]) });
    }
  }
  return threads;
}

function tableOf(
  name: string,
  before: ReadonlyMap<string, Thread>,
  after: ReadonlyMap<string, Thread>,
): string {
  const used = new Map<string, number>();
  for (const [id, thread] of after) {
    const ms = (thread.cpuNs - (before.get(id)?.cpuNs ?? 0)) / 1e6 / Number(flags.seconds);
    used.set(thread.name, (used.get(thread.name) ?? 0) + ms);
  }
  const all = [...used.values()].reduce((sum, ms) => sum + ms, 0);
  const rows = [...used].filter(([, ms]) => ms >= 0.005).toSorted(([, a], [, b]) => b - a);
  const verdict = name === 'edge' ? (all < target ? `below ${target}: met` : `below ${target}: not met`) : '';
  return formatTable(
    [name, 'CPU ms/s', ''],
    [...rows.map(([thread, ms]) => [thread, ms.toFixed(2), '']), ['all', all.toFixed(2), verdict]],
  );
}
