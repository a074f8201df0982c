// Run: fills a cache's folder until it is killed, with one response after another whose body follows from its number.
// Imported: opens such a folder and says what each body must be (disk-kill.test.ts).
import { systemClock } from '#base/clock.ts';
import { silentLog } from '#base/log.ts';
import { ListFields } from '#http/list-fields.ts';
import { readResponseFacts } from '#http/cache/response-facts.ts';
import { CacheEntry } from '#edge/cache/cache-entry.ts';
import { DiskStore } from '#edge/cache/disk/disk-store.ts';
import { realFileSystem } from '#edge/cache/disk/file-system.ts';
import { Purges } from '#edge/cache/purges.ts';
import { StoredBody } from '#edge/cache/stored-body.ts';

/** A store over the folder. */
export function openStore(folder: string): Promise<DiskStore> {
  return DiskStore.open({
    ...{ folder, limitBytes: 64 << 20, memoryObjectBytes: 1 << 20, clock: systemClock, log: silentLog },
    ...{ files: realFileSystem, purges: new Purges() },
  });
}

/** The key of a response. */
export function keyOf(number: number): string {
  return `sa.test/${number}`;
}

/** Its body: of another length and other bytes for each number. */
export function bodyOf(number: number): Buffer {
  return Buffer.alloc(10_000 + ((number * 7919) % 90_000), `${number},`);
}

function entryOf(number: number): CacheEntry {
  const list = ['Cache-Control', 'max-age=86400'];
  const made = new CacheEntry({
    ...{ key: keyOf(number), variant: '', vary: [], status: 200, list, part: undefined, purgeCount: 0 },
    facts: readResponseFacts(200, new ListFields(list), systemClock.wallMs()),
    freshness: {
      ...{
        receivedMs: systemClock.nowMs(),
        initialAgeMs: 0,
        lifetimeMs: 86_400_000,
        isAlwaysValidated: false,
      },
      ...{ staleWhileRevalidateMs: 0, staleIfErrorMs: 0, staleIfUnreachableMs: 0 },
    },
    body: StoredBody.of(bodyOf(number)),
    requestWallMs: systemClock.wallMs(),
    storedWallMs: systemClock.wallMs(),
  });
  made.isListed = true;
  return made;
}

if (process.argv[1] === import.meta.filename) {
  const store = await openStore(process.argv[2]!);
  await store.scanned;
  // Numbers come around, so that files are replaced as well as made.
  for (let number = 0; ; number = (number + 1) % 200) {
    store.keep(entryOf(number));
    if (number % 4 === 3) await store.idle();
  }
}
