// Keeps the keys of access: exchanges them when they are old, makes one that is asked for first, and follows what other edges
// of the store do. Whoever wants to change the ring has a lease for it and reads it anew, so that no key is lost between two.
import type { Clock } from '#base/clock.ts';
import { SallyportError } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { Random } from '#base/random.ts';
import {
  type AccessKeyKind,
  type AccessKeyRing,
  type AssertionAlgorithm,
  dueKinds,
  keysOf,
  kindsIn,
  publishedAheadMs,
} from '#model/access/access-keys.ts';
import type { AccessKeyTrouble } from '#model/access/access-key-trouble.ts';
import { withNewKeys } from './access-key-drawing.ts';
import { RepeatedTry } from './repeated-try.ts';

/** Where the ring is kept. */
export interface KeyShelf {
  /** Undefined: there is none yet. @throws when it cannot be read */
  load(): Promise<AccessKeyRing | undefined>;
  keep(ring: AccessKeyRing): Promise<void>;
  /** Runs `work` while nobody else changes the ring; false when somebody does. */
  alone(work: () => Promise<void>): Promise<boolean>;
}

/** That of an edge without a store: what it has itself. */
export function ownShelf(keys: { readonly ring: AccessKeyRing; keep(ring: AccessKeyRing): void }): KeyShelf {
  return {
    load: () => Promise.resolve(keys.ring),
    async keep(ring) {
      keys.keep(ring);
    },
    async alone(work) {
      await work();
      return true;
    },
  };
}

export interface AccessKeyKeeperOptions {
  readonly shelf: KeyShelf;
  /** What this edge has; it becomes the store's where that has none. */
  readonly own: AccessKeyRing;
  /** How long a key signs. */
  readonly ageMs: () => number;
  /** The ring has changed, here or at another edge. */
  readonly onRing: (ring: AccessKeyRing) => Promise<void>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** Another edge is at it: drawing an RSA key takes a second at most. */
const triesForLease = 50;
const betweenTriesMs = 100;

export class AccessKeyKeeper {
  readonly #options: AccessKeyKeeperOptions;
  readonly #wanted = new Set<AssertionAlgorithm>();
  #ring: AccessKeyRing;
  #text: string;
  #looking: Promise<void> = Promise.resolve();
  #isStopped = false;
  readonly #reading: RepeatedTry;
  readonly #exchange: RepeatedTry;
  /** Keeping at this edge what has been exchanged. */
  readonly #copy: RepeatedTry;

  constructor(options: AccessKeyKeeperOptions) {
    this.#options = options;
    this.#reading = new RepeatedTry(options);
    this.#exchange = new RepeatedTry(options);
    this.#copy = new RepeatedTry(options);
    this.#ring = options.own;
    this.#text = JSON.stringify(options.own);
  }

  /** As it was when it was looked at last. */
  get ring(): AccessKeyRing {
    return this.#ring;
  }

  /** What cannot be done at the moment. */
  get troubles(): AccessKeyTrouble[] {
    const why = { exchange: this.#reading.why || this.#exchange.why, copy: this.#copy.why };
    return (['exchange', 'copy'] as const)
      .map((what) => ({ what, why: why[what] }))
      .filter((trouble) => trouble.why !== '');
  }

  /** Looks if there is a reason to: the shelf may have changed, a key is due or wanted, a look has left something undone. */
  async glance(mayHaveChanged: boolean): Promise<void> {
    const isOwed = [this.#reading, this.#exchange, this.#copy].some((each) => each.isOwed);
    const isMissing = (): boolean => this.#exchange.isDue && this.#missing(this.#ring).length > 0;
    if (mayHaveChanged || isOwed || isMissing()) await this.look();
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Somebody wants assertions of this kind. */
  want(algorithm: AssertionAlgorithm): void {
    this.#wanted.add(algorithm);
  }

  /** New keys of all kinds. `atOnce`: the old ones are worth nothing from this moment. @throws SallyportError */
  async rotate(atOnce: boolean): Promise<void> {
    await this.#change(async (present) => {
      const { clock, random } = this.#options;
      const nowMs = clock.wallMs();
      const base = present ?? this.#options.own;
      if (atOnce) {
        const fresh = await withNewKeys(base, kindsIn(base), { random, nowMs, signsFromMs: nowMs });
        const isNew = ({ madeAtMs, signsFromMs }: { madeAtMs: number; signsFromMs: number }): boolean =>
          madeAtMs === nowMs && signsFromMs === nowMs;
        return { passage: fresh.passage.filter(isNew), assertion: fresh.assertion.filter(isNew) };
      }
      // Where one waits already, that is the new one.
      const kinds = kindsIn(base).filter((kind) => keysOf(base, kind).at(-1)!.signsFromMs <= nowMs);
      return await withNewKeys(base, kinds, { random, nowMs, signsFromMs: nowMs + publishedAheadMs });
    }, atOnce);
  }

  /** Takes the store's ring over, or gives it this edge's; one look after the other. */
  look(): Promise<void> {
    this.#looking = this.#looking.then(() => this.#lookOnce());
    return this.#looking;
  }

  /** A store that is away leaves the edge with the keys it has. */
  async #lookOnce(): Promise<void> {
    let doing = this.#reading;
    try {
      const ring = await this.#options.shelf.load();
      if (ring) await this.#take(ring);
      this.#reading.succeed();
      doing = this.#exchange;
      if (!ring || this.#missing(ring).length > 0) {
        if (this.#isStopped || !this.#exchange.isDue) return;
        await this.#supply();
      }
      this.#exchange.succeed();
    } catch (error) {
      this.#note(
        doing,
        error,
        'The keys of access could not be read or exchanged; the edge goes on with those it has and tries again',
      );
    }
  }

  /** Told once, until it succeeds. */
  #note(what: RepeatedTry, error: unknown, message: string): void {
    const isNews = what.fail(error);
    if (isNews && !this.#isStopped) this.#options.log.warn(message, { error: what.why });
  }

  /** Kinds of which a key must be made now. */
  #missing(ring: AccessKeyRing): AccessKeyKind[] {
    const { clock, ageMs } = this.#options;
    const wanted = [...this.#wanted].filter((kind) => keysOf(ring, kind).length === 0);
    return [...dueKinds(ring, clock.wallMs(), ageMs()), ...wanted];
  }

  async #supply(): Promise<void> {
    const { clock, random, own, log } = this.#options;
    await this.#change(async (present) => {
      const ring = present ?? own;
      const nowMs = clock.wallMs();
      const due = dueKinds(ring, nowMs, this.#options.ageMs());
      const wanted = this.#missing(ring).filter((kind) => !due.includes(kind));
      if (due.length > 0)
        log.info(`New keys of access are made; they sign in a day`, { kinds: due.join(' ') });
      const first = await withNewKeys(ring, wanted, { random, nowMs, signsFromMs: nowMs });
      return await withNewKeys(first, due, { random, nowMs, signsFromMs: nowMs + publishedAheadMs });
    });
  }

  /** `isNew`: what is there need not be readable. */
  async #change(
    edit: (present: AccessKeyRing | undefined) => Promise<AccessKeyRing>,
    isNew = false,
  ): Promise<void> {
    const { shelf, clock } = this.#options;
    for (let tries = 0; tries < triesForLease && !this.#isStopped; tries++) {
      const isDone = await shelf.alone(async () => {
        const present = await shelf.load().catch((error: unknown) => {
          if (isNew) return undefined;
          throw error;
        });
        const ring = await edit(present);
        await shelf.keep(ring);
        await this.#take(ring);
      });
      if (isDone) return;
      await new Promise<void>((resolve) => clock.after(betweenTriesMs, resolve));
    }
    throw new SallyportError(
      'conflict',
      'Another edge of this store is changing the keys of access; try again in a few seconds.',
    );
  }

  /** They are in force from here on; what the edge could not do with them it is asked again. */
  async #take(ring: AccessKeyRing): Promise<void> {
    const text = JSON.stringify(ring);
    if (text === this.#text && !this.#copy.isOwed) return;
    this.#ring = ring;
    this.#text = text;
    try {
      await this.#options.onRing(ring);
      this.#copy.succeed();
    } catch (error) {
      this.#note(
        this.#copy,
        error,
        'New keys of access are in force, but could not be kept at this edge; it tries again',
      );
    }
  }
}
