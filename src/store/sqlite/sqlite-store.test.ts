// The store's suite on SQLite in a file, and what is SQLite's alone.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLog } from '#base/log.ts';
import { seededRandom } from '#testkit/seeded-random.ts';
import { storeSuite, type WithStore } from '#testkit/store-suite.ts';
import { testClock } from '#testkit/transport-suite.ts';
import { openStore } from '../open-store.ts';
import type { Store } from '../store.ts';

const withStore: WithStore = async (use) => {
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-store-'));
  const opened: Store[] = [];
  const open = async (): Promise<Store> => {
    const url = `file:${join(folder, 'sallyport.db')}`;
    const store = await openStore({ url, clock: testClock, log: silentLog, random: seededRandom(1) });
    opened.push(store);
    return store;
  };
  try {
    await use(await open(), open);
  } finally {
    for (const store of opened) await store.close();
    rmSync(folder, { recursive: true });
  }
};

storeSuite('a store in an SQLite file', withStore);
