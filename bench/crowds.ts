// What each client costs that does nothing more, and what of it is given back: memory of the edge at rest, while a crowd of each
// kind (idle-client.ts) is there, and when it has gone.
//
//     npm run bench:crowds -- [--count 1000] [--kinds tls,head,body,http,websocket,reader] [--env NAME=VALUE ...]
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { startOrigins } from './origins.ts';
import { cpuUs, loadCore, pause, residentBytes, startPinned } from './machine.ts';
import { formatTable } from './report.ts';
import { prepareForm, type Sallyport, startSallyport } from './sallyport.ts';

const { values: flags } = parseArgs({
  options: {
    count: { type: 'string', default: '1000' },
    kinds: { type: 'string', default: 'tls,head,body,http,websocket,reader' },
    env: { type: 'string', multiple: true, default: [] },
  },
});
const count = Number(flags.count);
const openLimitMs = 300_000;
/** What is under way settles; then what is given back has been. */
const heldMs = 3_000;
const goneMs = 40_000;

const folder = await mkdtemp(join(tmpdir(), 'sallyport-crowds-'));
try {
  process.stdout.write(`\n${await measureAll()}\n`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureAll(): Promise<string> {
  const client = fileURLToPath(new URL('idle-client.ts', import.meta.url));
  const origins = await startOrigins(folder);
  const form = await prepareForm('release', folder);
  const more: Record<string, string> = Object.fromEntries(
    flags.env.map((pair) => /^([^=]*)=(.*)$/.exec(pair)!.slice(1)),
  );
  const ours = await startSallyport(folder, origins, { ...form, env: { ...form.env, ...more } });
  try {
    const rows: string[][] = [];
    for (const kind of flags.kinds.split(',')) rows.push(await measure(ours, kind, client));
    return formatTable(
      ['clients', 'held', 'before MiB', 'with them', 'KiB each', 'gone', 'connector KiB each', 'CPU us each'],
      rows,
    );
  } finally {
    await ours.stop();
    await origins.stop();
  }
}

async function measure(ours: Sallyport, kind: string, client: string): Promise<string[]> {
  const edge = ours.processes['edge']!;
  const connector = ours.processes['connector']!;
  const before = residentBytes(edge);
  const connectorBefore = residentBytes(connector);
  const cpuBefore = cpuUs(edge);
  const program = startPinned(loadCore, process.execPath, [
    client,
    kind,
    String(ours.tlsPort),
    String(count),
  ]);
  const deadline = Date.now() + openLimitMs;
  while (!program.output().includes('held') && Date.now() < deadline) await pause(100);
  const cpu = cpuUs(edge) - cpuBefore;
  const held = Number(/held (\d+)/.exec(program.output())?.[1] ?? 0);
  await pause(heldMs);
  const during = residentBytes(edge);
  const connectorEach = (residentBytes(connector) - connectorBefore) / held / 1024;
  await program.stop();
  await pause(goneMs);
  const mebibytes = (bytes: number): string => (bytes / (1 << 20)).toFixed(0);
  return [
    ...[kind, String(held), mebibytes(before), mebibytes(during)],
    ...[((during - before) / held / 1024).toFixed(1), mebibytes(residentBytes(edge))],
    ...[connectorEach.toFixed(1), (cpu / held).toFixed(0)],
  ];
}
