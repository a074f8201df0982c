// The store's suite on a real PostgreSQL, a database of its own for each test.
import { tmpdir } from 'node:os';
import { after, before } from 'node:test';
import { silentLog } from '#base/log.ts';
import { openStore } from '#store/open-store.ts';
import type { Store } from '#store/store.ts';
import { systemRandom } from '#base/random.ts';
import { storeSuite, type WithStore } from '#testkit/store-suite.ts';
import { testClock } from '#testkit/transport-suite.ts';
import { type PostgresServer, startPostgres } from '../support/postgres.ts';

let server: PostgresServer;
before(async () => {
  server = await startPostgres();
});
after(() => server.close());

const withStore: WithStore = async (use) => {
  const url = await server.createDatabase();
  const opened: Store[] = [];
  const open = async (): Promise<Store> => {
    const parts = { clock: testClock, log: silentLog, random: systemRandom, backupFolder: tmpdir() };
    const store = await openStore({ url, ...parts });
    opened.push(store);
    return store;
  };
  try {
    await use(await open(), open);
  } finally {
    for (const store of opened) await store.close();
  }
};

storeSuite('a store in PostgreSQL', withStore);
