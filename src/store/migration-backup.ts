// The copy of a database that is kept before a migration changes it: what its owner goes back to together with the older
// program. A few are kept, the oldest go.
import { readdirSync, rmSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { Log } from '#base/log.ts';
import type { Engine } from './engine.ts';
import { memoryPlace } from './sqlite-place.ts';

/** Copies kept; each is as large as the database. */
const backupsKept = 5;

export interface BackupOptions {
  readonly engine: Engine;
  readonly folder: string;
  /** The version that the database has. */
  readonly version: number;
  readonly nowMs: number;
  readonly log: Log;
}

/** Keeps a copy as `NAME-before-2-20260101T120000Z.db`, and removes all but the newest few. */
export async function keepBackup({ engine, folder, version, nowMs, log }: BackupOptions): Promise<void> {
  if (engine.copy === undefined || engine.place === memoryPlace) return;
  const name = basename(engine.place).replace(/\.[a-z0-9]+$/i, '');
  const at = new Date(nowMs).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const file = join(folder, `${name}-before-${version + 1}-${at}.db`);
  await engine.copy(file);
  log.info('The database was copied before it is brought to a newer version', { file });
  removeOldest(folder, new RegExp(`^${RegExp.escape(name)}-before-\\d+-(\\d{8}T\\d{6}Z)\\.db$`));
}

function removeOldest(folder: string, pattern: RegExp): void {
  const found = readdirSync(folder).flatMap((file) => {
    const at = pattern.exec(file)?.[1];
    return at === undefined ? [] : [{ file, at }];
  });
  found.sort((a, b) => (a.at < b.at ? 1 : -1));
  for (const { file } of found.slice(backupsKept)) rmSync(join(folder, file), { force: true });
}
