// Stores in both databases for tests: in a folder of the test's own, or in a database of a PostgreSQL of its own. What was
// opened is closed in the end.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { openStore, type StoreOptions } from '#store/open-store.ts';
import type { SqlStore } from '#store/sql-store.ts';
import { testClock } from '#testkit/transport-suite.ts';

/** A folder, and stores that are opened with the usual surroundings. */
export interface Databases {
  path(name: string): string;
  open(url: string, change?: Partial<StoreOptions>): Promise<SqlStore>;
}

/** Everything is gone when the test ends. */
export function databases(context: TestContext, parent: string = tmpdir()): Databases {
  const folder = mkdtempSync(join(parent, 'sallyport-store-'));
  const opened: SqlStore[] = [];
  context.after(async () => {
    for (const store of opened) await store.close();
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    path: (name) => join(folder, name),
    async open(url, change = {}) {
      const options = { url, clock: testClock, log: silentLog, random: systemRandom, backupFolder: folder };
      const store = await openStore({ ...options, ...change });
      opened.push(store);
      return store;
    },
  };
}
