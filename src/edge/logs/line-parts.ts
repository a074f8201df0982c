// Parts of log lines that stand in many of them, as bytes: what a site's requests have in common is put together once.
//
// HOT: instead of five pieces one is copied.

/** A few; most edges have fewer sites and statuses than this under way. A power of two. */
const slots = 32;

interface Part<First, Second> {
  readonly first: First;
  readonly second: Second;
  readonly bytes: Buffer;
}

/** Parts that two values tell apart. The last one is kept of those that share a place. */
export class LineParts<First extends string | number, Second extends string | number> {
  readonly #textOf: (first: First, second: Second) => string;
  readonly #kept: (Part<First, Second> | undefined)[] = Array.from({ length: slots });

  constructor(textOf: (first: First, second: Second) => string) {
    this.#textOf = textOf;
  }

  /** `place`: a number in which parts that are needed together differ mostly. */
  of(first: First, second: Second, place: number): Buffer {
    const kept = this.#kept[place & (slots - 1)];
    if (kept !== undefined && kept.first === first && kept.second === second) return kept.bytes;
    const bytes = Buffer.from(this.#textOf(first, second));
    this.#kept[place & (slots - 1)] = { first, second, bytes };
    return bytes;
  }
}
