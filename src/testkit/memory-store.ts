// A store in memory, for tests of the rooms above it: the real queries and the real SQLite, without a file.
import type { Clock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { openStore } from '#store/open-store.ts';
import type { SqlStore } from '#store/sql-store.ts';
import { FakeClock } from './fake-clock.ts';
import { seededRandom } from './seeded-random.ts';

/** An empty store. Time passes in it only where a call says so; a clock is needed for waits, which memory has none of. */
export function memoryStore(clock: Clock = new FakeClock()): Promise<SqlStore> {
  return openStore({ url: ':memory:', clock, log: silentLog, random: seededRandom(1) });
}
