// Loaded into every process of `npm test` and `npm run conformance` (NODE_OPTIONS, so also into edges and connectors that
// run from the checkout): what a read delivered is written over as soon as its handler has returned. Chunks are valid
// during the call only; whoever keeps one, or a head that stands in it, would otherwise be found out once in a hundred
// runs, by bytes of somebody else's.
import { existsSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { join } from 'node:path';

/** What hands memory on that is used again, by file, how often it stands there, and what follows it here. */
const deliveries: readonly (readonly [file: string, delivery: string, count: number, poison: string])[] = [
  ['direct-read', 'onChunk(viewOf(byteCount));', 2, 'sharedMemory.fill(0xdd, 0, byteCount);'],
];

const folder = join(import.meta.dirname, '../../src/base/io');
for (const [file] of deliveries)
  if (!existsSync(join(folder, `${file}.ts`)))
    throw new Error(`${file}.ts has left ${folder}; poison its reads there`);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const known = deliveries.find(([file]) => url.endsWith(`/src/base/io/${file}.ts`));
    if (!known) return loaded;
    const [, delivery, count, poison] = known;
    if (loaded.source === null || loaded.source === undefined)
      throw new Error(`${url} was not loaded as text`);
    const text =
      typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
    const parts = text.split(delivery);
    if (parts.length !== count + 1)
      throw new Error(`${url} does not read "${delivery}" ${count} times any more; poison its reads anew`);
    return { ...loaded, source: parts.join(`${delivery} ${poison}`) };
  },
});
