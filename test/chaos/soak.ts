// `npm run soak`: an hour of churn on hosts of namespaces. Under steady load connectors come and go, the line blinks, edge.yml
// changes, names come and go; every ten seconds memory, handles, timers' work and the database are measured. At the end a
// picture is written, and the second half is compared with the first: what grew without end is a fault.
//
//     npm run soak -- [--minutes 60] [--seed 1] [--out soak]      writes soak.svg and soak.json
import { statSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { pause } from '../support/eventually.ts';
import { footprintOf, Lab, type Part } from './lab.ts';
import { missingForNetworks } from './network.ts';
import { allConnected, restartConnector, stop } from './cases/processes.ts';
import { type Curve, growthOf, isBeyond, pictureOf } from './picture.ts';
import { type LoadReport, summaryOf } from './tally.ts';

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    out: { type: 'string', default: 'soak' },
  },
});
const say = (text: string): void => void process.stdout.write(`${text}\n`);
const measureEveryMs = 10_000;
const churnEveryMs = 20_000;
/** Caches fill, pools grow: the first part of a run says nothing about what lasts. */
const warmUpPart = 0.3;
/**
 * What the second half may have on average above the first, in parts of it and in the curve's unit (MiB, a count, KiB): an edge
 * has six timers or nine by chance.
 */
const mayGrow = {
  memory: { part: 0.15, more: 0 },
  counts: { part: 0.15, more: 10 },
  database: { part: 0.3, more: 0 },
};
/** SQLite moves its log into the database when it has 1,000 pages of 4 KiB, and writes it from its beginning then; until then it grows. */
const mostLogKiB = 8_192;

const missing = await missingForNetworks();
if (missing !== '') {
  process.stderr.write(`soak: ${missing}\n`);
  process.exit(1);
}
const lab = await Lab.create({ seed: Number(values.seed) });
const interrupted = (): void => void lab.close().finally(() => process.exit(130));
process.once('SIGINT', interrupted).once('SIGTERM', interrupted);
const curves: Record<string, Curve> = {};
const startedMs = Date.now();
const endMs = startedMs + Number(values.minutes) * 60_000;
const note = (name: string, unit: string, value: number): void => {
  curves[name] ??= { name, unit, points: [] };
  curves[name].points.push([(Date.now() - startedMs) / 1000, value]);
};

async function measure(): Promise<void> {
  const { memoryMiB, handles } = footprintOf(lab.edge);
  note('edge memory', 'MiB', memoryMiB);
  note('edge handles', '', handles);
  note('edge timers', '', await lab.metric(lab.edge, 'sallyport_timers'));
  note('database', 'KiB', bytesOf('sallyport.db') / 1024);
  note('database log', 'KiB', Math.round(bytesOf('sallyport.db-wal') / 1024));
  const connector: Part = lab.connectors[0]!;
  if (connector.running.exitCode() !== null) return;
  note('connector memory', 'MiB', footprintOf(connector).memoryMiB);
  note('connector handles', '', footprintOf(connector).handles);
}

function bytesOf(name: string): number {
  return statSync(lab.path(`data/${name}`), { throwIfNoEntry: false })?.size ?? 0;
}

/** Each round another kind of trouble, all of which heals. */
const troubles: readonly (() => Promise<void>)[] = [
  async () => {
    await stop(lab.connectors[0]!);
    await restartConnector(lab);
  },
  async () => {
    await lab.home.line.set({ dark: true });
    await pause(1_500);
    await lab.home.line.set({ dark: false });
  },
  async () => {
    const hostname = `churn-${Date.now() % 50}.chaos.test`;
    const routes = ['app.chaos.test', 'grpc.chaos.test', hostname];
    lab.writeEdgeConfig({ routes: routes.map((name) => ({ hostname: name, tunnel: 'home' })) });
    await pause(2_000);
  },
  async () => {
    await lab.home.line.set({ lossPct: 5 });
    await pause(5_000);
    await lab.home.line.set({ lossPct: 0 });
  },
];

let rounds = 0;
async function churn(): Promise<LoadReport> {
  const load = lab.startLoad();
  // A busy machine may keep the metrics from being told; the next time will do.
  const timer = setInterval(() => void measure().catch(() => undefined), measureEveryMs);
  while (Date.now() < endMs) {
    await troubles[rounds % troubles.length]!();
    await allConnected(lab);
    rounds += 1;
    const { memoryMiB, handles } = footprintOf(lab.edge);
    const minutes = ((Date.now() - startedMs) / 60_000).toFixed(1);
    say(`${minutes} min: ${rounds} rounds; the edge holds ${memoryMiB} MiB, ${handles} handles`);
    await pause(Math.min(churnEveryMs, Math.max(0, endMs - Date.now())));
  }
  clearInterval(timer);
  return await load.stop();
}
let report: LoadReport;
try {
  report = await churn();
} finally {
  await lab.close();
}

const list = Object.values(curves);
writeFileSync(`${values.out}.svg`, pictureOf(list));
writeFileSync(
  `${values.out}.json`,
  JSON.stringify(
    { rounds, report: { ...report, failures: summaryOf(report.failures) }, curves: list },
    null,
    2,
  ),
);
const growth = list.map((curve) => ({ name: curve.name, ...growthOf(curve, warmUpPart) }));
for (const { name, part, more } of growth)
  say(`${name.padEnd(20)} ${(part * 100).toFixed(1)} % (${more.toFixed(1)} ${curves[name]!.unit})`);
const tooMuch = growth.filter(({ name, ...grown }) => {
  if (name === 'database log') return curves[name]!.points.some(([, kib]) => kib > mostLogKiB);
  if (name === 'database') return isBeyond(grown, mayGrow.database);
  return isBeyond(grown, name.endsWith('memory') ? mayGrow.memory : mayGrow.counts);
});
for (const { name } of tooMuch) say(`FAULT: ${name} grows`);
const unended = report.failures.filter(({ reason }) => reason === 'never ended');
for (const { kind } of unended) say(`FAULT: an exchange of the kind ${kind} never ended`);
if (report.wrongBytes > 0) say(`FAULT: ${report.wrongBytes} bytes were not what they should have been`);
say(
  Object.entries(summaryOf(report.failures))
    .map(([what, count]) => `${String(count).padStart(6)} ${what}`)
    .join('\n'),
);
say(
  `${rounds} rounds, ${Object.values(report.sent).reduce((sum, count) => sum + count, 0)} exchanges, ${report.failures.length} failed; ${values.out}.svg`,
);
process.exit(tooMuch.length > 0 || unended.length > 0 || report.wrongBytes > 0 ? 1 : 0);
