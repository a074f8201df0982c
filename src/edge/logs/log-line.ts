// The memory that access log lines are put together in: bytes from the start, so that a line leaves no strings behind.
//
// HOT: a line built as text is a tree of forty pieces, which is laid flat, copied, and then walked by the garbage collector;
// as bytes it costs a third. Labels are copied as bytes (20 ns each, whatever their length), short values letter by letter.
import { Buffer } from 'node:buffer';
import { putDecimal } from '#base/bytes.ts';

/** Up to here a loop is quicker than a call out of JavaScript. */
const shortText = 16;

/** As text, of any number. */
const longestNumber = 25;

const digit0 = 0x30;

export class LineMemory {
  readonly #usualBytes: number;
  #memory: Buffer;
  #used = 0;

  /** `usualBytes`: what it holds; a line that needs more gets it, until `clear`. */
  constructor(usualBytes: number) {
    this.#usualBytes = usualBytes;
    this.#memory = Buffer.allocUnsafeSlow(usualBytes);
  }

  get used(): number {
    return this.#used;
  }

  /** What is there from an offset on; valid until the next `put` or `clear`. */
  view(from = 0): Buffer {
    return this.#memory.subarray(from, this.#used);
  }

  /** Begins anew, in memory of the usual size. */
  clear(): void {
    this.#used = 0;
    if (this.#memory.length > this.#usualBytes) this.#memory = Buffer.allocUnsafeSlow(this.#usualBytes);
  }

  putBytes(bytes: Uint8Array): void {
    const end = this.#used + bytes.length;
    if (end > this.#memory.length) this.#grow(end);
    this.#memory.set(bytes, this.#used);
    this.#used = end;
  }

  /** Text as UTF-8. */
  put(text: string): void {
    const { length } = text;
    // UTF-16 units take at most three bytes each in UTF-8.
    if (this.#used + length * 3 > this.#memory.length) this.#grow(this.#used + length * 3);
    const memory = this.#memory;
    const start = this.#used;
    if (length <= shortText) {
      let i = 0;
      for (; i < length; i++) {
        const code = text.charCodeAt(i);
        if (code > 0x7f) break;
        memory[start + i] = code;
      }
      if (i === length) {
        this.#used = start + length;
        return;
      }
    }
    this.#used = start + memory.utf8Write(text, start);
  }

  /** A whole number from 0 up. */
  putNumber(value: number): void {
    if (!(value >= 0)) return this.put(String(value));
    const end = this.#used + longestNumber;
    if (end > this.#memory.length) this.#grow(end);
    this.#used = putDecimal(this.#memory, value, this.#used);
  }

  /** A whole number with zeros before it. */
  putPadded(value: number, width: number): void {
    this.#putDigits(value, width);
  }

  /** Milliseconds with three decimals, from whole microseconds: printing a float costs ten times as much. */
  putMillis(value: number): void {
    const micros = Math.round(value * 1000);
    const whole = Math.floor(micros / 1000);
    const rest = micros - whole * 1000;
    this.putNumber(whole);
    if (rest === 0) return;
    this.#putByte(0x2e);
    this.#putDigits(rest, 3);
  }

  #putByte(byte: number): void {
    if (this.#used === this.#memory.length) this.#grow(this.#used + 1);
    this.#memory[this.#used++] = byte;
  }

  #putDigits(value: number, width: number): void {
    const end = this.#used + width;
    if (end > this.#memory.length) this.#grow(end);
    let rest = value;
    for (let at = end - 1; at >= this.#used; at--) {
      const next = (rest / 10) | 0;
      this.#memory[at] = digit0 + rest - next * 10;
      rest = next;
    }
    this.#used = end;
  }

  #grow(neededBytes: number): void {
    const memory = Buffer.allocUnsafeSlow(Math.max(neededBytes, this.#memory.length * 2));
    this.#memory.copy(memory, 0, 0, this.#used);
    this.#memory = memory;
  }
}
