// Request ids: ten letters for this run of the edge and a counter in base 36, which is unique across restarts and sorts by time.
// HOT: the counter is counted up in place, so that an id is one short text and not a tree of three.
import { Buffer } from 'node:buffer';
import type { Random } from '#base/random.ts';

const prefixBytes = 5;
const prefixLetters = prefixBytes * 2;
const counterDigits = 6;
const idLetters = prefixLetters + counterDigits;

const digit0 = 0x30;
const digit9 = 0x39;
const letterA = 0x61;
const letterZ = 0x7a;

export class RequestIds {
  readonly #random: Pick<Random, 'bytes'>;
  readonly #memory = Buffer.alloc(idLetters, digit0);

  constructor(random: Pick<Random, 'bytes'>) {
    this.#random = random;
    this.#begin();
  }

  next(): string {
    const id = this.#memory.latin1Slice(0, idLetters);
    this.#count();
    return id;
  }

  #begin(): void {
    this.#memory.latin1Write(this.#random.bytes(prefixBytes).toString('hex'), 0);
  }

  #count(): void {
    const memory = this.#memory;
    for (let at = idLetters - 1; at >= prefixLetters; at--) {
      const digit = memory[at]!;
      if (digit !== letterZ) {
        memory[at] = digit === digit9 ? letterA : digit + 1;
        return;
      }
      memory[at] = digit0;
    }
    // Two thousand million requests later.
    this.#begin();
  }
}
