// Cases of many at once, and of little memory: honest clients go on, and what is refused is counted.
import { readFileSync } from 'node:fs';
import { eventually, pause } from '../../support/eventually.ts';
import { ownCpuUs } from '../../../bench/machine.ts';
import type { RunningProcess } from '../../support/process.ts';
import type { CrowdReport, CrowdSettings } from '../crowd-main.ts';
import { type ControlGroup, createControlGroup } from '../control-group.ts';
import { footprintOf, type Lab, type Part, said } from '../lab.ts';
import type { ChaosCase, Watch } from '../run-case.ts';
import { allConnected, stopEdge } from './processes.ts';

/** Ten thousand handshakes on two cores that others use as well. */
const crowdLimitMs = 600_000;

async function gather(
  lab: Lab,
  what: Pick<CrowdSettings, 'crowd' | 'count' | 'perSecond'>,
): Promise<{ readonly crowd: RunningProcess; readonly report: CrowdReport }> {
  const crowd = lab.startOnClients('crowd-main.ts', what);
  const line = await eventually(
    `the crowd is there ${crowd.stderr()}`,
    () => {
      if (crowd.exitCode() !== null) throw new Error(`it ended: ${crowd.stderr()}`);
      return crowd.stdout().split('\n').length > 1 && crowd.stdout().split('\n')[0];
    },
    crowdLimitMs,
  );
  return { crowd, report: JSON.parse(line) as CrowdReport };
}

/** What a crowd needed goes back to the system: of what is left, this much may be the edge's own ups and downs. */
const mayStayMiB = 48;
/** The edge looks every 10 s, collects at leisure, and has honest clients meanwhile. */
const giveBackLimitMs = 120_000;

/** Waits until the edge holds about as much as before a crowd; if it does not, that is a fault. */
export async function givenBack(lab: Lab, watch: Watch, beforeMiB: number): Promise<void> {
  const most = footprintOf(lab.edge).memoryMiB;
  const isBack = (): boolean => footprintOf(lab.edge).memoryMiB <= beforeMiB + mayStayMiB;
  await eventually('memory is given back', isBack, giveBackLimitMs).catch(() => undefined);
  const { memoryMiB } = footprintOf(lab.edge);
  watch.note(`${most} MiB when they had gone, then ${memoryMiB}`);
  if (!isBack()) watch.fault(`the edge keeps ${memoryMiB} MiB, ${beforeMiB} before`);
}

async function disperse(crowd: RunningProcess): Promise<void> {
  crowd.child.stdin!.end();
  await crowd.ended;
}

export const idleWebSockets: ChaosCase = {
  name: 'idle-websockets',
  what: '10,000 WebSockets that say nothing',
  mayFail: 0,
  load: { pace: 2, timeoutMs: 60_000 },
  async hurt(lab, watch) {
    watch.begun();
    const before = footprintOf(lab.edge).memoryMiB;
    const { crowd, report } = await gather(lab, { crowd: 'idle-websockets', count: 10_000 });
    const { memoryMiB, handles } = footprintOf(lab.edge);
    watch.note(
      `${report.opened} open after ${report.tookS} s; the edge holds ${memoryMiB} MiB, ${handles} handles`,
    );
    if (report.failed > 0) watch.fault(`${report.failed} were not opened`);
    await pause(10_000);
    await disperse(crowd);
    await eventually('they are gone', () => footprintOf(lab.edge).handles < 1_000, crowdLimitMs);
    await givenBack(lab, watch, before);
  },
};

/** So long honest clients are alone, which tells what each of their requests costs the edge. */
const honestMs = 5_000;
/** What one core must be able to take of new connections in a second, by the processor time that each costs the edge. */
const wantedPerSecond = 2_000;
/** What the edge counts of connections that it did not serve, and which are its own decision. */
const refusedOutcomes = ['too-many', 'handshake-cut'] as const;

async function refusedConnections(lab: Lab): Promise<number> {
  const of = (outcome: string): string => `sallyport_edge_connections_total{outcome="${outcome}"}`;
  const counts = await Promise.all(refusedOutcomes.map((outcome) => lab.metric(lab.edge, of(outcome))));
  return counts.reduce((sum, count) => sum + count, 0);
}

export const manyConnections: ChaosCase = {
  name: 'connections',
  what:
    '20,000 new connections, 2,000 a second as far as clients on the same cores can make them, every tenth with a TLS handshake, of ' +
    "which half are resumed: none is refused or fails, honest clients lose nothing, and by the edge's processor time for each, one " +
    'core takes 2,000 a second',
  mayFail: 0,
  load: { pace: 2, timeoutMs: 60_000 },
  async hurt(lab, watch) {
    watch.begun();
    const count = 20_000;
    const refusedBefore = await refusedConnections(lab);
    const honestRequests = async (): Promise<number> =>
      Object.values((await watch.load.report()).sent).reduce((sum, sent) => sum + sent, 0);
    const alone = { cpuUs: ownCpuUs(lab.edge.pid), requests: await honestRequests() };
    await pause(honestMs);
    const honestBefore = await honestRequests();
    const cpuBeforeUs = ownCpuUs(lab.edge.pid);
    const honestEachUs = (cpuBeforeUs - alone.cpuUs) / (honestBefore - alone.requests);
    const { crowd, report } = await gather(lab, { crowd: 'connections', count, perSecond: wantedPerSecond });
    const honestUs = honestEachUs * ((await honestRequests()) - honestBefore);
    const eachUs = (ownCpuUs(lab.edge.pid) - cpuBeforeUs - honestUs) / count;
    const perSecond = Math.round(1e6 / eachUs);
    watch.note(`${count} in ${report.tookS} s: ${Math.round(count / report.tookS)} a second`);
    // Clients, their network and this edge share the machine's cores; what the edge could do alone its own time tells.
    watch.note(
      `the edge used ${Math.round(eachUs)} us each, beside what honest clients cost: one core of its own takes ${perSecond} a second`,
    );
    if (perSecond < wantedPerSecond)
      watch.fault(
        `by its processor time the edge takes ${perSecond} a second on one core, not ${wantedPerSecond}`,
      );
    watch.note(`the clients used ${Math.round(ownCpuUs(crowd.pid) / count)} us each`);
    if (report.failed > 0) watch.fault(`${report.failed} of them failed: ${JSON.stringify(report.reasons)}`);
    const refused = (await refusedConnections(lab)) - refusedBefore;
    watch.note(`${report.opened} were made, ${refused} refused`);
    if (refused > 0) watch.fault(`the edge refused or cut ${refused}`);
    await disperse(crowd);
  },
};

/** A limit that was met is to be named in the log, within a minute since it was named last. */
export async function named(part: Part, watch: Watch, pattern: RegExp): Promise<void> {
  const found = await said(part.running, pattern).catch(() => undefined);
  if (found === undefined) watch.fault(`the log of the ${part.name} does not say ${String(pattern)}`);
  else watch.note(`named in the log: ${found}`);
}

/** Connections that attack, each until it is ended. */
function attacked(
  crowd: CrowdSettings['crowd'],
  what: string,
  { reason, limit }: { readonly reason: string; readonly limit: string },
): ChaosCase {
  return {
    name: crowd,
    what,
    mayFail: 0,
    mayGrowMiB: 64,
    load: { pace: 2, timeoutMs: 60_000 },
    async hurt(lab, watch) {
      const refused = (): Promise<number> => lab.metric(lab.edge, reason);
      const before = await refused();
      watch.begun();
      const { crowd: running, report } = await gather(lab, { crowd, count: 100 });
      await disperse(running);
      watch.note(`${report.opened} connections, ${report.ended} ended by the edge, in ${report.tookS} s`);
      if (report.ended < report.opened) watch.fault(`${report.opened - report.ended} were let go on`);
      // A busy edge may have sent its last words before it has counted them.
      await eventually(
        'all are counted',
        async () => (await refused()) - before >= report.ended,
        30_000,
      ).catch(() => undefined);
      const counted = (await refused()) - before;
      watch.note(`${counted} counted in ${reason}`);
      if (counted < report.ended) watch.fault(`${report.ended} ended, ${counted} counted`);
      await named(lab.edge, watch, new RegExp(`limit=${limit} times=\\d+`));
    },
  };
}

const http2Closed = 'sallyport_http2_connections_closed_total';
export const headerFlood = attacked('header-flood', '100 connections send header fields without end', {
  reason: 'sallyport_edge_refused_total',
  limit: 'headers-too-large',
});
export const rapidReset = attacked(
  'rapid-reset',
  '100 connections open and reset HTTP/2 streams without end',
  { reason: http2Closed, limit: 'reset-flood' },
);
export const continuationFlood = attacked(
  'continuation-flood',
  '100 connections send a header block of HTTP/2 without end',
  { reason: http2Closed, limit: '(frame-flood|protocol-error)' },
);

/**
 * What an edge may have in all, from its first byte on: what a server of 256 MiB leaves to it. Node's own text is not in it, which
 * others of the machine have read before; it is 50 MiB of what is resident.
 */
const tightMiB = 192;
/** The part at which it is told what the memory is of: what the kernel ends says nothing any more. */
const nearlyPart = 0.85;
const sampleEveryMs = 200;

let group: ControlGroup | undefined;

export const memoryTight: ChaosCase = {
  name: 'memory-tight',
  what: `the edge may have ${tightMiB} MiB (a control group), and 300 clients read slowly`,
  mayFail: 0,
  async prepare(lab) {
    await stopEdge(lab);
    group = createControlGroup('sallyport-chaos', tightMiB << 20);
    await lab.startEdge({ through: group.enter, within: group.show });
    await allConnected(lab);
  },
  async hurt(lab, watch) {
    watch.begun();
    lab.network.setHosts(lab.network.clients, { 'app.chaos.test': '198.51.100.2' });
    const knownBytes = await lab.metric(lab.edge, 'sallyport_memory_limit_bytes');
    if (knownBytes !== tightMiB << 20)
      watch.fault(`the edge takes ${mebibytes(knownBytes)} MiB for its limit`);
    const slow = '-X -c 300 -r 100 -l 20 -i 3 -u https://app.chaos.test/content/1/1000000'.split(' ');
    const peak = watchPeak(lab, group!);
    await lab.network.run(lab.network.clients, 'slowhttptest', ...slow).finally(peak.stop);
    const most = group!.mostBytes();
    if (most !== undefined) watch.note(`${mebibytes(most)} MiB at most`);
    // Nothing that waits for it would come to an end.
    if (lab.edge.running.exitCode() !== null)
      throw new Error(`the edge was ended for want of memory; ${peak.told()}`);
    if (most !== undefined && most > (tightMiB << 20) * nearlyPart) watch.note(peak.told());
  },
  async restore(lab) {
    await stopEdge(lab);
    group?.delete();
    await lab.startEdge();
    await allConnected(lab);
  },
};

/** Looks again and again what the group's memory is of, and keeps the fullest moment. */
function watchPeak(lab: Lab, { statistics }: ControlGroup): { stop(): void; told(): string } {
  let most = 0;
  let told = '';
  const timer = setInterval(() => {
    try {
      const kinds = statistics();
      const own = kinds['rss'] ?? kinds['anon'] ?? 0;
      if (own <= most) return;
      const maps = mappedKiB(readFileSync(`/proc/${lab.edge.pid}/smaps`, 'latin1'));
      most = own;
      told = `at the peak ${mebibytes(own)} MiB its own: ${describe(maps)}; the group ${describe(inKiB(kinds))}`;
    } catch {
      // It has just been ended; what was seen last is what there is.
    }
  }, sampleEveryMs);
  return { stop: () => clearInterval(timer), told: () => told };
}

/** What is resident of a process, in KiB, by what it is: malloc's heap, V8's pages (256 KiB each), other anonymous memory, files. */
function mappedKiB(smaps: string): Record<string, number> {
  const kinds: Record<string, number> = {};
  let kind = '';
  for (const line of smaps.split('\n')) {
    const [, from, to, name] = /^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+\s*(.*)$/.exec(line) ?? [];
    if (from && to) kind = kindOf(name ?? '', Number.parseInt(to, 16) - Number.parseInt(from, 16));
    const rss = /^Rss:\s+(\d+)/.exec(line);
    if (rss) kinds[kind] = (kinds[kind] ?? 0) + Number(rss[1]);
  }
  return kinds;
}

function kindOf(name: string, bytes: number): string {
  if (name === '[heap]') return 'malloc';
  if (name !== '') return name.startsWith('/') ? 'files' : 'other';
  return bytes === 256 * 1024 ? 'V8' : 'anonymous';
}

function inKiB(bytes: Readonly<Record<string, number>>): Record<string, number> {
  const wanted = ['cache', 'file', 'sock', 'kernel_stack', 'slab'];
  return Object.fromEntries(wanted.flatMap((name) => (bytes[name] ? [[name, bytes[name] / 1024]] : [])));
}

function describe(kib: Readonly<Record<string, number>>): string {
  return Object.entries(kib)
    .map(([name, value]) => `${name} ${Math.round(value / 1024)}`)
    .join(', ');
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / (1 << 20));
}
