// Cases of edges and connectors that are killed or stopped while they start, while they stop and while they write. After
// each, a start as usual must come to a whole one: no file half there, no lock, socket or number of a process in its way.
import { existsSync, readdirSync, rmSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { eventually, pause, within } from '../../support/eventually.ts';
import { run, type RunningProcess } from '../../support/process.ts';
import { type Lab, startLimitMs } from '../lab.ts';
import type { ChaosCase, Watch } from '../run-case.ts';
import { allConnected, killEdge, restartConnector, stopEdge } from './processes.ts';

/** Moments of a start, as parts of what a whole one takes: from the loading of the program to the last step. */
const moments = [0.1, 0.25, 0.4, 0.55, 0.7, 0.85, 0.95] as const;
/** After the SIGTERM that begins a stop with requests under way: its first steps, its middle, near its end. */
const stopMomentsMs = [20, 300, 1_500, 6_000] as const;
/** Later than what counts as one signal, a second one is a second one. */
const secondSignalMs = 1_000;
/** A second signal ends a process at once; this is what a busy machine may make of that. */
const atOnceMs = 5_000;
/** What SIGTERM comes to: a stop in order, or the system's own end where the program has not begun to listen for it. */
const goodEnds: readonly number[] = [0, 143];

/** The edge is ended in each moment of its start, by turns on an empty data folder and on one that is in use. */
function edgeStartEnded(name: string, signal: 'SIGKILL' | 'SIGTERM', workers = 1): ChaosCase {
  const edge = workers === 1 ? 'the edge' : `an edge of ${workers} processes`;
  return {
    name,
    what: `${edge} gets ${signal} in ${moments.length} moments of its start, on a new data folder and on an old one`,
    async hurt(lab, watch) {
      watch.begun();
      await killEdge(lab);
      watch.noticed();
      lab.writeEdgeConfig({ workers });
      const beganMs = Date.now();
      await lab.startEdge();
      const startMs = Date.now() - beganMs;
      for (const [round, moment] of moments.entries()) {
        await killEdge(lab);
        if (round % 2 === 0) rmSync(lab.path('data'), { recursive: true });
        const running = lab.launchEdge();
        await pause(moment * startMs);
        const wasReady = running.stderr().includes('The edge is ready');
        await endsBy(running, signal, watch);
        await nobodyStays(lab, watch);
        watch.note(`${Math.round(moment * startMs)} ms after its launch${wasReady ? ', ready by then' : ''}`);
        await startsWhole(lab, watch);
      }
      await allConnected(lab);
    },
    restore: freshEdge,
  };
}

export const edgeKilledStarting = edgeStartEnded('edge-killed-starting', 'SIGKILL');
export const edgeStoppedStarting = edgeStartEnded('edge-stopped-starting', 'SIGTERM');

export const workersKilledStarting = edgeStartEnded('workers-killed-starting', 'SIGKILL', 2);

export const edgeKilledStopping: ChaosCase = {
  name: 'edge-killed-stopping',
  what: `the edge is killed (SIGKILL) in ${stopMomentsMs.length} moments of its stop, and by a second SIGTERM`,
  async hurt(lab, watch) {
    watch.begun();
    for (const afterMs of stopMomentsMs) {
      lab.edge.running.child.kill('SIGTERM');
      await pause(afterMs);
      await lab.edge.running.kill();
      watch.noticed();
      await startsWhole(lab, watch);
      await allConnected(lab);
    }
    await endsBySecondSignal(lab.edge.running, watch);
    await startsWhole(lab, watch);
    await allConnected(lab);
  },
  restore: freshEdge,
};

/** When an edge is killed that writes one change after another. */
const writeMomentsMs = [700, 1_300, 2_100, 3_000] as const;
const writers = 2;

export const edgeKilledWriting: ChaosCase = {
  name: 'edge-killed-writing',
  what: `the edge is killed (SIGKILL) ${writeMomentsMs.length} times while its state changes; every change that it has acknowledged is there`,
  async hurt(lab, watch) {
    const acknowledged: string[] = [];
    watch.begun();
    for (const [round, afterMs] of writeMomentsMs.entries()) {
      const writing = { goesOn: true };
      const ends = Array.from({ length: writers }, (_, writer) =>
        writeRoutes(lab, `w${round}-${writer}`, acknowledged, writing),
      );
      const before = acknowledged.length;
      await eventually('changes are made', () => acknowledged.length > before, startLimitMs);
      await pause(afterMs);
      await lab.edge.running.kill();
      watch.noticed();
      writing.goesOn = false;
      await Promise.all(ends);
      await startsWhole(lab, watch);
      const listed = await lab.command('route', 'list', '-o', 'json');
      const lost = acknowledged.filter((hostname) => !listed.includes(`"${hostname}"`));
      if (lost.length > 0) watch.fault(`acknowledged and lost: ${lost.join(', ')}`);
    }
    watch.note(`${acknowledged.length} changes acknowledged, all there`);
    await allConnected(lab);
  },
  restore: freshEdge,
};

/** One route after another, until it is told to end; those that were acknowledged are noted. */
async function writeRoutes(
  lab: Lab,
  prefix: string,
  acknowledged: string[],
  writing: { readonly goesOn: boolean },
): Promise<void> {
  for (let count = 0; writing.goesOn; count += 1) {
    const hostname = `${prefix}-${count}.chaos.test`;
    try {
      await lab.command('route', 'add', hostname, '--tunnel', 'home');
      acknowledged.push(hostname);
    } catch {
      // The edge has been killed: whether this one is there is open.
    }
  }
}

/** The connector is ended in each moment of its start, also while it registers. */
function connectorStartEnded(name: string, signal: 'SIGKILL' | 'SIGTERM'): ChaosCase {
  return {
    name,
    what: `the only connector gets ${signal} in ${moments.length} moments of its start`,
    async hurt(lab, watch) {
      watch.begun();
      await lab.connectors[0]!.running.kill();
      watch.noticed();
      const beganMs = Date.now();
      await restartConnector(lab);
      const startMs = Date.now() - beganMs;
      for (const moment of moments) {
        await lab.connectors[0]!.running.kill();
        const { running } = lab.launchConnector(lab.home);
        await pause(moment * startMs);
        const wasConnected = running.stderr().includes('Registered tunnel connection');
        await endsBy(running, signal, watch);
        watch.note(
          `${Math.round(moment * startMs)} ms after its launch${wasConnected ? ', connected by then' : ''}`,
        );
        await restartConnector(lab);
        await hasOnly(lab, 4, watch);
      }
    },
  };
}

export const connectorKilledStarting = connectorStartEnded('connector-killed-starting', 'SIGKILL');
export const connectorStoppedStarting = connectorStartEnded('connector-stopped-starting', 'SIGTERM');

export const connectorKilledStopping: ChaosCase = {
  name: 'connector-killed-stopping',
  what: `the only connector is killed (SIGKILL) in ${stopMomentsMs.length} moments of its stop, and by a second SIGTERM`,
  async hurt(lab, watch) {
    watch.begun();
    for (const afterMs of stopMomentsMs) {
      const { running } = lab.connectors[0]!;
      running.child.kill('SIGTERM');
      await pause(afterMs);
      await running.kill();
      watch.noticed();
      await restartConnector(lab);
      await hasOnly(lab, 4, watch);
    }
    await endsBySecondSignal(lab.connectors[0]!.running, watch);
    await restartConnector(lab);
    await hasOnly(lab, 4, watch);
  },
};

/** Connections of connectors that have gone do not stay at the edge. */
async function hasOnly(lab: Lab, count: number, watch: Watch): Promise<void> {
  const connections = (): Promise<number> => lab.metric(lab.edge, 'sallyport_edge_tunnel_connections');
  await eventually(`the edge has ${count} connections`, async () => (await connections()) === count).catch(
    async () => watch.fault(`the edge has ${await connections()} connections of connectors, not ${count}`),
  );
}

async function endsBy(running: RunningProcess, signal: 'SIGKILL' | 'SIGTERM', watch: Watch): Promise<void> {
  if (signal === 'SIGKILL') return await running.kill();
  running.child.kill('SIGTERM');
  const code = await within('it ends', startLimitMs, running.ended);
  if (!goodEnds.includes(code)) watch.fault(`SIGTERM while it starts: it ended with ${code}`);
}

/** Further processes of an edge end with the first, and leave the ports to the next. */
async function nobodyStays(lab: Lab, watch: Watch): Promise<void> {
  const pids = (): Promise<string> => run('ip', ['netns', 'pids', lab.network.edge]);
  await eventually('nobody is left on its host', async () => (await pids()).trim() === '', atOnceMs).catch(
    async () => watch.fault(`processes that stay: ${(await pids()).trim().replaceAll('\n', ', ')}`),
  );
}

async function endsBySecondSignal(running: RunningProcess, watch: Watch): Promise<void> {
  running.child.kill('SIGTERM');
  await pause(secondSignalMs);
  if (running.exitCode() !== null) watch.note('it had stopped before the second signal');
  running.child.kill('SIGTERM');
  await within('a second SIGTERM ends it', atOnceMs, running.ended);
}

/** A start as usual, after which nothing is left of what was ended. */
async function startsWhole(lab: Lab, watch: Watch): Promise<void> {
  await lab.startEdge();
  const half = readdirSync(lab.path('data'), { recursive: true, encoding: 'utf8' }).filter(isHalf);
  if (half.length > 0) watch.fault(`left half there: ${half.join(', ')}`);
  if (!existsSync(lab.path('data/admin.sock'))) watch.fault('no socket for commands');
  const store = new DatabaseSync(lab.path('data/sallyport.db'), { readOnly: true });
  const found = JSON.stringify(store.prepare('PRAGMA integrity_check').all());
  store.close();
  if (!found.includes('"ok"')) watch.fault(`the store after a start: ${found}`);
}

/** Drafts of this minute (`FILE.PID.new`) may be another's at work, and are left to the next start (base/secrets/left-drafts.ts). */
function isHalf(name: string): boolean {
  return /\.(tmp|part)$|-journal$|pid\.new$/.test(name);
}

/** Leaves no state of this case to the next. */
async function freshEdge(lab: Lab): Promise<void> {
  await stopEdge(lab);
  rmSync(lab.path('data'), { recursive: true });
  lab.writeEdgeConfig();
  await lab.startEdge();
  await allConnected(lab);
}
