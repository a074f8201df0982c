// Randomness as a dependency, so that tests can seed it (testkit/seeded-random.ts).
import { randomBytes } from 'node:crypto';

export interface Random {
  /** Unpredictable bytes; fit for secrets when it is `systemRandom`. */
  bytes(count: number): Buffer;
  /** A number in [0, 1), for jitter and choices; not for secrets. */
  fraction(): number;
}

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => Math.random(),
};
