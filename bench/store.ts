// `node bench/store.ts [--tunnels 1000] [--routes 10000] [--postgres]`: what the store costs at the size that the design
// promises: one change that puts everything, loading it, and one small change beside it; and for how long each keeps the
// event loop, on which the edge serves. PostgreSQL is one of its own on this machine, with fsync.
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { silentLog } from '#base/log.ts';
import { systemClock } from '#base/clock.ts';
import { systemRandom } from '#base/random.ts';
import { exportStore } from '#store/dumps/export-store.ts';
import { openStore } from '#store/open-store.ts';
import type { SqlStore } from '#store/sql-store.ts';
import type { StoredObject } from '#store/store.ts';
import { sampleChange, sampleEvent, sampleRoute, sampleTunnel } from '#testkit/sample-objects.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { formatTable } from './report.ts';

const { values: flags } = parseArgs({
  options: {
    tunnels: { type: 'string', default: '1000' },
    routes: { type: 'string', default: '10000' },
    postgres: { type: 'boolean', default: false },
  },
});
const smallChanges = 200;

const folder = mkdtempSync(join(tmpdir(), 'sallyport-bench-store-'));
const rows: string[][] = [];
const server = flags.postgres ? await startPostgres(['fsync = on']) : undefined;
try {
  await measure('SQLite', join(folder, 'sallyport.db'));
  if (server) await measure('PostgreSQL', await server.createDatabase());
} finally {
  await server?.close();
  rmSync(folder, { recursive: true });
}
console.log(`${flags.tunnels} tunnels, ${flags.routes} routes`);
console.log(formatTable(['', 'takes', 'longest pause'], rows));

async function measure(kind: string, url: string): Promise<void> {
  const open = (): Promise<SqlStore> =>
    openStore({ url, clock: systemClock, log: silentLog, random: systemRandom, backupFolder: folder });
  const store = await open();
  const objects: StoredObject[] = [
    ...numbers(flags.tunnels).map((i) => ({ kind: 'tunnel', object: sampleTunnel(i) }) as const),
    ...numbers(flags.routes).map((i) => ({ kind: 'route', object: sampleRoute(i) }) as const),
  ];
  await step(kind, 'one change that puts all', () => store.commit(sampleChange(0, { puts: objects })));
  await step(kind, 'one change that replaces all', () => store.commit(sampleChange(1, { puts: objects })));
  await step(kind, 'load', () => store.load());
  let revision = 2;
  await step(
    kind,
    `one small change (mean of ${smallChanges})`,
    async () => {
      for (let i = 0; i < smallChanges; i += 1) {
        const puts = [{ kind: 'route', object: sampleRoute(i, { note: `${revision}` }) }] as const;
        revision = await store.commit(sampleChange(revision, { puts, audit: [sampleEvent(revision)] }));
      }
    },
    smallChanges,
  );
  await step(kind, 'export', () => exportStore(store, join(folder, 'dump')));
  await step(kind, 'backup', () => store.backup(join(folder, 'backup')));
  console.log(`${kind}: backup of ${(statSync(join(folder, 'backup')).size / 1e6).toFixed(1)} MB`);
  await store.close();
}

async function step(kind: string, what: string, run: () => Promise<unknown>, times = 1): Promise<void> {
  const pauses = watchPauses();
  const startedMs = performance.now();
  await run();
  const tookMs = (performance.now() - startedMs) / times;
  rows.push([`${kind}, ${what}`, `${tookMs.toFixed(1)} ms`, `${pauses().toFixed(1)} ms`]);
}

/** The longest time between two turns of the event loop, until asked. */
function watchPauses(): () => number {
  let longestMs = 0;
  let lastMs = performance.now();
  const look = (): void => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs);
    lastMs = nowMs;
  };
  const timer = setInterval(look, 1);
  return () => {
    look();
    clearInterval(timer);
    return longestMs;
  };
}

function numbers(count: string): number[] {
  return Array.from({ length: Number(count) }, (_, i) => i + 1);
}
