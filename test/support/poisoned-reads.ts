// Loaded into every process of `npm test` and `npm run conformance` (NODE_OPTIONS, so also into edges and connectors that
// run from the checkout): what a read delivered is written over as soon as its handler has returned. Chunks are valid
// during the call only; whoever keeps one, or a head that stands in it, would otherwise be found out once in a hundred
// runs, by bytes of somebody else's.
import { registerHooks } from 'node:module';

const delivery = 'onChunk(viewOf(byteCount));';
const poisoned = `${delivery} sharedMemory.fill(0xdd, 0, byteCount);`;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith('/src/base/direct-read.ts')) return loaded;
    if (loaded.source === null || loaded.source === undefined)
      throw new Error(`${url} was not loaded as text`);
    const text =
      typeof loaded.source === 'string' ? loaded.source : Buffer.from(loaded.source as Uint8Array).toString();
    const parts = text.split(delivery);
    if (parts.length !== 3)
      throw new Error(`${url} does not read "${delivery}" twice any more; poison its reads anew`);
    return { ...loaded, source: parts.join(poisoned) };
  },
});
