// Cases of processes: killed, stopped, started again, and changed under load.
import { readFileSync } from 'node:fs';
import { readPid } from '#roles/succession/edge-succession.ts';
import { eventually, pause, within } from '../../support/eventually.ts';
import { type Lab, type Part, said, startLimitMs, timesSaid } from '../lab.ts';
import type { ChaosCase } from '../run-case.ts';

/** So long the load goes on with the successor. */
const servedAgainMs = 5_000;

/** What lasts is broken by an end of what carries it, however gentle that is. */
export const kindsThatEnd: readonly string[] = ['small', 'large', 'upload', 'fresh', 'h2', 'grpc', 'tcp'];

export const edgeKilled: ChaosCase = {
  name: 'edge-killed',
  what: 'the edge is killed (SIGKILL) and started again',
  async hurt(lab, watch) {
    watch.begun();
    await killEdge(lab);
    await said(lab.connectors[0]!.running, /Lost connection with the edge/);
    watch.noticed();
    await lab.startEdge();
    await allConnected(lab);
  },
};

export const edgeStopped: ChaosCase = {
  name: 'edge-stopped',
  what: 'the edge is stopped (SIGTERM) and started again',
  async hurt(lab, watch) {
    watch.begun();
    await stopEdge(lab);
    watch.noticed();
    await lab.startEdge();
    await allConnected(lab);
  },
};

export const edgeReloaded: ChaosCase = {
  name: 'edge-reloaded',
  what: 'edge.yml changes 20 times',
  mayFail: 0,
  async hurt(lab, watch) {
    for (let round = 1; round <= 20; round += 1) await reload(lab, round);
    lab.writeEdgeConfig();
    watch.note('20 reloads');
  },
};

export const edgeReloadedOnce: ChaosCase = {
  name: 'edge-reloaded-once',
  what: 'edge.yml changes 3 times',
  mayFail: 0,
  async hurt(lab) {
    for (let round = 1; round <= 3; round += 1) await reload(lab, round);
  },
};

export const workerKilled: ChaosCase = {
  name: 'worker-killed',
  what: 'of an edge of two processes the second is killed (SIGKILL)',
  prepare: startTwoWorkers,
  async hurt(lab, watch) {
    watch.begun();
    process.kill(servedBy(lab, 'A worker serves').at(-1)!, 'SIGKILL');
    await said(lab.edge.running, /A worker has ended; it is replaced/);
    watch.noticed();
    await eventually(
      'its successor serves',
      () => servedBy(lab, 'A worker serves').length === 2,
      startLimitMs,
    );
    await pause(servedAgainMs);
    const { failures } = await watch.load.report();
    const refused = failures.filter(({ reason }) => reason.includes('ECONNREFUSED'));
    if (refused.length > 0) watch.fault(`${refused.length} connections were refused`);
    watch.note('0 may be refused; what was under way at the killed one breaks');
  },
  restore: startOneProcess,
};

async function startTwoWorkers(lab: Lab): Promise<void> {
  await stopEdge(lab);
  lab.writeEdgeConfig({ workers: 2 });
  await lab.startEdge();
  await allConnected(lab);
  await eventually('a connector is at both', () => servedBy(lab, 'Tunnel connection registered').length > 0);
}

async function startOneProcess(lab: Lab): Promise<void> {
  await stopEdge(lab);
  lab.writeEdgeConfig();
  await lab.startEdge();
  await allConnected(lab);
}

/** Ids of the processes, or 0 where the line has none, of what worker 2 is said to have done. */
function servedBy(lab: Lab, what: string): number[] {
  const lines = lab.edge.running.stderr().split('\n');
  return lines
    .filter((line) => line.includes(what) && line.includes('worker=2'))
    .map((line) => Number(/pid=(\d+)/.exec(line)?.[1] ?? 0));
}

export const connectorKilled: ChaosCase = {
  name: 'connector-killed',
  what: 'the only connector is killed (SIGKILL) and started again',
  async hurt(lab, watch) {
    const before = await edgeDisconnects(lab);
    watch.begun();
    await lab.connectors[0]!.running.kill();
    await eventually('the edge has noticed', async () => (await edgeDisconnects(lab)) > before);
    watch.noticed();
    await restartConnector(lab);
  },
};

export const connectorStopped: ChaosCase = {
  name: 'connector-stopped',
  what: 'the only connector is stopped (SIGTERM) and started again',
  async hurt(lab, watch) {
    watch.begun();
    await stop(lab.connectors[0]!);
    watch.noticed();
    await restartConnector(lab);
  },
};

/** The origin is gone until clients are told, then there again. */
function originEnded(name: string, how: string, end: (origin: Part) => Promise<unknown>): ChaosCase {
  return {
    name,
    what: `the origin is ${how} and started again`,
    async hurt(lab, watch) {
      watch.begun();
      await end(lab.origins[0]!);
      await eventually('clients are told', async () => (await watch.load.report()).failures.length > 0);
      watch.noticed();
      lab.origins[0] = await lab.startOrigin(lab.home);
    },
  };
}

export const originKilled = originEnded('origin-killed', 'killed (SIGKILL)', ({ running }) => running.kill());
export const originStopped = originEnded('origin-stopped', 'stopped (SIGTERM)', stop);

/** Connectors that take turns: the next is started, connected, and only then the one before stopped. */
function rolling(rounds: number): ChaosCase {
  return {
    name: rounds === 100 ? 'rolling-restart' : `rolling-restart-${rounds}`,
    what: `${rounds} rolling restarts of a connector with two replicas`,
    mayFail: 0,
    load: { kinds: kindsThatEnd },
    async hurt(lab, watch) {
      const replica = await lab.startConnector(lab.home, 1);
      await lab.connected(replica);
      let turns: Part[] = [lab.connectors[0]!, replica];
      for (let round = 0; round < rounds; round += 1) {
        const [oldest, other] = turns as [Part, Part];
        await stop(oldest);
        const next = await lab.startConnector(lab.home, oldest.metricsPort - 9464);
        await lab.connected(next);
        turns = [other, next];
      }
      lab.connectors[0] = turns.find(({ metricsPort }) => metricsPort === 9464)!;
      await stop(turns.find(({ metricsPort }) => metricsPort !== 9464)!);
      watch.note(`${rounds} restarts`);
    },
  };
}

export const rollingRestart = rolling(100);
export const shortRollingRestart = rolling(2);

/** All connectors have all their connections. */
export async function allConnected(lab: Lab): Promise<void> {
  for (const connector of lab.connectors) await lab.connected(connector);
}

/** Connections to connectors that have ended at the edge, for whatever reason. */
export async function edgeDisconnects(lab: Lab): Promise<number> {
  return await lab.metric(lab.edge, 'sallyport_edge_tunnel_disconnects_total');
}

/** Upgrades one after another, each by a successor that inherits the listening sockets. */
function upgraded(rounds: number, kinds: readonly string[] | undefined): ChaosCase {
  return {
    name: rounds === 1 ? 'edge-upgraded-once' : 'edge-upgraded',
    what: `the edge is replaced by a successor ${rounds === 1 ? 'once, and what lasts goes on' : `${rounds} times`}`,
    mayFail: 0,
    load: kinds === undefined ? {} : { kinds },
    async hurt(lab, watch) {
      for (let round = 0; round < rounds; round += 1) {
        await lab.upgradeEdge();
        await allConnected(lab);
      }
      watch.note(`${rounds} successors`);
    },
  };
}

export const edgeUpgraded = upgraded(20, kindsThatEnd);
export const edgeUpgradedOnce = upgraded(1, undefined);

export const workersUpgraded: ChaosCase = {
  ...upgraded(10, kindsThatEnd),
  name: 'workers-upgraded',
  what: 'an edge of two processes is replaced by a successor 10 times',
  prepare: startTwoWorkers,
  restore: startOneProcess,
};

/** When a successor is killed, after it was started: while it loads, and about when the old edge has let go of the store. */
const killedAfterMs = [50, 300, 600, 900, 1_200] as const;
const goesOn = 'This edge goes on as before';

export const successorKilled: ChaosCase = {
  name: 'successor-killed',
  what: 'the edge is to be replaced, and its successor is killed (SIGKILL) before it serves, in several phases',
  mayFail: 0,
  async hurt(lab, watch) {
    watch.begun();
    const { pid, running } = lab.edge;
    for (const afterMs of killedAfterMs) {
      const before = timesSaid({ running }, goesOn);
      process.kill(pid, 'SIGUSR2');
      const successor = await eventually('a successor is started', () => childrenOf(pid)[0], startLimitMs);
      await pause(afterMs);
      // On a machine that is quick enough it serves by now; nothing is left to be proven then.
      if (readPid(lab.path('data')) !== pid) {
        watch.note(`${afterMs} ms after its start the successor served`);
        lab.adopt(successor);
        break;
      }
      process.kill(successor, 'SIGKILL');
      const hasSaidSo = (): boolean => timesSaid({ running }, goesOn) > before;
      await eventually('the edge says that it goes on', hasSaidSo, startLimitMs);
      watch.note(`killed ${afterMs} ms after its start`);
    }
    // It still can be replaced.
    await lab.upgradeEdge();
    await allConnected(lab);
  },
};

/** When an edge that hands over is killed: before its successor has loaded, and about when it has let go of the store. */
const killedHandingOverMs = [100, 500, 800, 1_000] as const;

export const edgeKilledHandingOver: ChaosCase = {
  name: 'edge-killed-handing-over',
  what: 'the edge is killed (SIGKILL) while it hands over to a successor, in several phases; who does not serve leaves room',
  async hurt(lab, watch) {
    watch.begun();
    for (const afterMs of killedHandingOverMs) {
      const { pid } = lab.edge;
      process.kill(pid, 'SIGUSR2');
      const successor = await eventually('a successor is started', () => childrenOf(pid)[0], startLimitMs);
      await pause(afterMs);
      process.kill(pid, 'SIGKILL');
      const serves = (): boolean => readPid(lab.path('data')) === successor;
      await eventually('it serves or has ended', () => serves() || !isAlive(successor), startLimitMs);
      watch.note(`killed after ${afterMs} ms: the successor ${serves() ? 'serves' : 'has ended, too'}`);
      if (serves()) lab.adopt(successor);
      else await lab.startEdge();
      await allConnected(lab);
    }
  },
  restore: startOneProcess,
};

function isAlive(pid: number): boolean {
  try {
    // One that nobody has waited for yet is no process any more.
    return !readFileSync(`/proc/${pid}/stat`, 'latin1').includes(') Z ');
  } catch {
    return false;
  }
}

/** Processes that a process has started. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim();
  return text === '' ? [] : text.split(' ').map(Number);
}

/** SIGKILL of the edge that serves and of those before it that have not ended. */
export async function killEdge(lab: Lab): Promise<void> {
  if (lab.edge.pid !== lab.edge.running.pid) process.kill(lab.edge.pid, 'SIGKILL');
  await lab.edge.running.kill();
}

/** SIGTERM to the edge that serves, and the end of the first one. */
export async function stopEdge(lab: Lab): Promise<void> {
  const { pid, running } = lab.edge;
  if (pid !== running.pid) process.kill(pid, 'SIGTERM');
  await stop(lab.edge);
  await eventually('the edge that serves has ended', () => !isAlive(pid), startLimitMs);
}

/** SIGTERM, and its end. */
export async function stop({ running, name }: Part): Promise<void> {
  running.child.kill('SIGTERM');
  await within(`${name} ends`, startLimitMs, running.ended);
}

/** Starts the first home's connector anew. */
export async function restartConnector(lab: Lab): Promise<void> {
  lab.connectors[0] = await lab.startConnector(lab.home);
  await lab.connected(lab.connectors[0]);
}

async function reload(lab: Lab, round: number): Promise<void> {
  const applied = (): number => lab.edge.running.stderr().split('configuration was applied').length;
  const before = applied();
  // A change that counts: other limits, other routes beside those in use.
  const routes = { hostname: `other-${round}.chaos.test`, tunnel: 'home' };
  lab.writeEdgeConfig({
    routes: [...['app', 'grpc'].map((name) => ({ hostname: `${name}.chaos.test`, tunnel: 'home' })), routes],
  });
  await eventually('the change is applied', () => applied() > before, startLimitMs);
}
