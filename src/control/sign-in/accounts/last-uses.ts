// When a user was last seen and a key last used: for people who ask "is this still needed?". It changes with every request,
// so it is no part of the configuration and makes no audit row. Kept as small documents, each written at most once a minute;
// a stop loses at most that.
import type { Clock } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Store } from '#store/store.ts';

export interface LastUsesOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly log: Log;
}

const collection = 'last-use';
/** Shorter, every request would write; longer, the answer is of little use. */
const writtenEveryMs = 60_000;
/** Users and keys of which the time is held in memory. */
const longestTable = 10_000;

export class LastUses {
  readonly #options: LastUsesOptions;
  readonly #writtenMs = new Map<string, number>();

  constructor(options: LastUsesOptions) {
    this.#options = options;
  }

  /** Notes a use now of a user or a key, by its id. A store that is away changes nothing. */
  note(id: string): void {
    const now = this.#options.clock.wallMs();
    const writtenMs = this.#writtenMs.get(id);
    if (writtenMs !== undefined && Math.abs(now - writtenMs) < writtenEveryMs) return;
    this.#writtenMs.delete(id);
    this.#writtenMs.set(id, now);
    if (this.#writtenMs.size > longestTable) this.#writtenMs.delete(this.#writtenMs.keys().next().value!);
    this.#options.store.putDocument(collection, id, Buffer.from(String(now))).catch((error: unknown) => {
      this.#options.log.warn('The time of the last use could not be kept', { error: errorText(error) });
    });
  }

  /** The last use of each, by id, to the minute. */
  async read(): Promise<ReadonlyMap<string, number>> {
    const documents = await this.#options.store.listDocuments(collection);
    return new Map(documents.map(({ key, bytes }) => [key, Number(Buffer.from(bytes).toString())]));
  }

  /** Forgets a user or a key that is gone. */
  async forget(id: string): Promise<void> {
    this.#writtenMs.delete(id);
    await this.#options.store.deleteDocument(collection, id);
  }
}
