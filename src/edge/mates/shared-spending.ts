// Rates and bandwidths over all workers: what each lets pass, the others take from the same bucket a moment later, below
// nothing if need be. So a limit holds over time whatever worker a client comes to; only what comes within one interval can
// be let pass by several at once, at most a bucket each, and that is paid back before anything else passes.
import type { Clock, Timer } from '#base/clock.ts';
import type { BucketTable } from '../shaping/token-bucket.ts';
import type { Mates } from './mates.ts';

/** How long spending is gathered: short beside a limit's window, long beside what a message costs. */
const everyMs = 50;
/** Clients of one interval that are told of one by one; a flood of more addresses is told at once. */
const mostEntries = 5_000;

export class SharedSpending {
  readonly #clock: Clock;
  readonly #mates: Mates;
  /** By table, then by key. */
  readonly #spent = new Map<string, Map<string, number>>();
  #count = 0;
  #timer: Timer | undefined;

  constructor(
    { mates, clock }: { readonly mates: Mates; readonly clock: Clock },
    tableOf: (id: string) => BucketTable | undefined,
  ) {
    this.#clock = clock;
    this.#mates = mates;
    mates.hear('spent', (news) => {
      const nowMs = clock.nowMs();
      for (const [id, key, amount] of news) {
        const table = tableOf(id);
        table?.bucketOf(key, nowMs).takenElsewhere(amount, table.rate, nowMs);
      }
    });
  }

  /** What a table tells of its spending. */
  of(id: string): (key: string, amount: number) => void {
    return (key, amount) => {
      let table = this.#spent.get(id);
      if (!table) this.#spent.set(id, (table = new Map()));
      const before = table.get(key);
      if (before === undefined) this.#count += 1;
      table.set(key, (before ?? 0) + amount);
      if (this.#count >= mostEntries) this.#tell();
      else this.#timer ??= this.#clock.after(everyMs, () => this.#tell());
    };
  }

  #tell(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const news = [...this.#spent].flatMap(([id, table]) =>
      [...table].map(([key, amount]) => [id, key, amount] as const),
    );
    this.#spent.clear();
    this.#count = 0;
    this.#mates.tell('spent', news);
  }
}
