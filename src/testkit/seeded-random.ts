// Randomness that repeats: the same seed gives the same run. Not for secrets (mulberry32, public domain).
import { Buffer } from 'node:buffer';
import type { Random } from '#base/random.ts';

/** A `Random` for tests, with choices. */
export interface SeededRandom extends Random {
  /** An integer in [from, to]. */
  integer(from: number, to: number): number;
  pick<T>(items: readonly T[]): T;
}

export function seededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;
  const fraction = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    fraction,
    bytes(count) {
      const out = Buffer.alloc(count);
      for (let i = 0; i < count; i++) out[i] = fraction() * 256;
      return out;
    },
    integer: (from, to) => from + Math.floor(fraction() * (to - from + 1)),
    pick: (items) => items[Math.floor(fraction() * items.length)]!,
  };
}
