// The keys of access in the store, sealed, for all edges that share it.
import { errorText, SallyportError } from '#base/errors.ts';
import type { Clock } from '#base/clock.ts';
import type { Random } from '#base/random.ts';
import type { Seal } from '#control/seal.ts';
import { accessKeyRingSchema } from '#model/access/access-keys.ts';
import type { Store } from '#store/store.ts';
import type { KeyShelf } from '../access/access-key-keeper.ts';

export interface KeyShelfOptions {
  readonly store: Pick<Store, 'getDocument' | 'putDocument' | 'takeLease' | 'releaseLease'>;
  readonly seal: Seal;
  readonly clock: Clock;
  readonly random: Random;
}

const collection = 'access-keys';
const key = 'ring';
const purpose = `${collection}/${key}`;
/** Drawing keys takes a second at most. */
const leaseMs = 10_000;

/** Opens it. */
export function openKeyShelf({ store, seal, clock, random }: KeyShelfOptions): KeyShelf {
  let known = '';
  let ring: ReturnType<typeof accessKeyRingSchema.parse> | undefined;
  return {
    async load() {
      const bytes = await store.getDocument(collection, key);
      if (!bytes) return undefined;
      const text = Buffer.from(bytes).toString('latin1');
      if (text === known && ring) return ring;
      try {
        ring = accessKeyRingSchema.parse(JSON.parse(seal.open(text, purpose)));
        known = text;
        return ring;
      } catch (error) {
        throw new SallyportError(
          'store-corrupt',
          `The keys of access in the store cannot be opened (${errorText(error).split('\n')[0]}); copy seal.key from the data folder of the edge that wrote them, or run "sallyport access rotate-keys --at-once".`,
          { cause: error },
        );
      }
    },
    async keep(changed) {
      const sealed = seal.seal(JSON.stringify(changed), purpose);
      await store.putDocument(collection, key, Buffer.from(sealed, 'latin1'));
    },
    async alone(work) {
      const holder = random.bytes(8).toString('hex');
      const nowMs = clock.wallMs();
      if (!(await store.takeLease(purpose, holder, nowMs, nowMs + leaseMs))) return false;
      try {
        await work();
      } finally {
        // What was done is done; a lease that cannot be given back, for want of room, ends by itself.
        await store.releaseLease(purpose, holder).catch(() => undefined);
      }
      return true;
    },
  };
}
