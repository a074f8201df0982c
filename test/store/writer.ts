// A process of test/store/kill.test.ts: commits numbered changes to the database it is told, and prints each number once
// it is acknowledged, until it is killed. A change is an object, and an audit event with the same number; every seventh is
// a large one.
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { silentLog } from '#base/log.ts';
import { systemRandom } from '#base/random.ts';
import { openStore } from '#store/open-store.ts';
import type { StoredObject } from '#store/store.ts';
import { sampleChange, sampleEvent, sampleId, sampleRoute, sampleTunnel } from '#testkit/sample-objects.ts';
import { testClock } from '#testkit/transport-suite.ts';

const routesOfLargeOne = 150;

await once(process.stdin, 'data');
const store = await openStore({
  url: `file:${process.argv[2]}`,
  ...{ clock: testClock, log: silentLog, random: systemRandom },
});
let { revision } = await store.load();
for (;;) {
  const number = revision + 1;
  const puts: StoredObject[] = [{ kind: 'tunnel', object: sampleTunnel(number) }];
  if (number % 7 === 0) {
    for (let i = 0; i < routesOfLargeOne; i += 1)
      puts.push({ kind: 'route', object: sampleRoute(i, { note: `change ${number}`, version: number }) });
  }
  const deletes = [{ kind: 'tunnel', id: sampleId(number - 50) }] as const;
  revision = await store.commit(sampleChange(revision, { puts, deletes, audit: [sampleEvent(number)] }));
  writeSync(1, `${revision}\n`);
}
