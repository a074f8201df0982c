// A process of test/store/sqlite-faults.test.ts: opens the store it is told, reads and writes it, and prints how that
// went. Run as a user without rights, since root may do everything.
import { isSallyportError } from '#base/errors.ts';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { openStore } from '#store/open-store.ts';
import { sampleChange } from '#testkit/sample-objects.ts';
import { testClock } from '#testkit/transport-suite.ts';

try {
  const store = await openStore({
    url: process.argv[2]!,
    ...{ clock: testClock, log: silentLog, random: systemRandom },
  });
  const { revision } = await store.load();
  await store.commit(sampleChange(revision));
  await store.close();
  process.stdout.write(`revision ${revision}`);
} catch (error) {
  process.stdout.write(isSallyportError(error) ? `${error.code} ${error.message}` : `other ${String(error)}`);
}
