// The copy of a database that is kept before a migration changes it: what its owner goes back to together with the older
// program. A few are kept, the oldest go.
import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Log } from '#base/log.ts';
import type { Engine } from '../engine.ts';
import { writeDump } from '../dumps/export-store.ts';
import { memoryPlace } from '../sqlite/sqlite-place.ts';
import type { Transacting } from '../tables/tables.ts';

/** Copies kept; each is as large as the database. */
const backupsKept = 5;

export interface BackupOptions {
  readonly engine: Engine;
  /** Of the migration. */
  readonly trx: Transacting;
  readonly folder: string;
  /** The version that the database has. */
  readonly version: number;
  readonly nowMs: number;
  readonly log: Log;
}

/**
 * Keeps `NAME-before-2-20260101T120000Z.db`, or `.dump` of PostgreSQL, and removes all but the newest few. Changes of
 * other processes wait until the transaction of the migration has ended.
 */
export async function keepBackup({ engine, trx, folder, version, nowMs, log }: BackupOptions): Promise<void> {
  if (engine.place === memoryPlace) return;
  const name = basename(engine.place).replace(/\.[a-z0-9]+$/i, '');
  const at = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const ending = engine.copy ? 'db' : 'dump';
  const file = join(folder, `${name}-before-${version + 1}-${at}.${ending}`);
  if (engine.copy) await engine.copy(file);
  else {
    await engine.holdChanges(trx);
    await writeDump(engine, trx, file, nowMs);
  }
  log.info('The database was copied before it is brought to a newer version', { file });
  removeOldest(folder, new RegExp(`^${RegExp.escape(name)}-before-\\d+-(\\d{8}T\\d{6}Z)\\.${ending}$`));
}

function removeOldest(folder: string, pattern: RegExp): void {
  const found = readdirSync(folder).flatMap((file) => {
    const at = pattern.exec(file)?.[1];
    return at === undefined ? [] : [{ file, at }];
  });
  found.sort((a, b) => (a.at < b.at ? 1 : -1));
  for (const { file } of found.slice(backupsKept)) rmSync(join(folder, file), { force: true });
}
