// Latencies in buckets whose width grows with their value, eight to an octave: any percentile is told within 7 % from a
// thousand bytes, however many were counted. HOT: one clz32 and one increment; no logarithm.

const subBuckets = 8;
const subBits = 3;

/** Whole microseconds below 2^31 (35 minutes); longer ones count as that. */
const longestMicros = 0x7fff_ffff;

const bucketCount = (31 - subBits + 1) * subBuckets;

export class LatencyHistogram {
  readonly #counts = new Uint32Array(bucketCount);
  #total = 0;

  get total(): number {
    return this.#total;
  }

  add(ms: number): void {
    const micros = ms * 1000;
    this.#counts[bucketOf(micros >= longestMicros ? longestMicros : micros > 0 ? Math.floor(micros) : 0)]! +=
      1;
    this.#total += 1;
  }

  /** Adds everything that `other` has counted. */
  merge(other: LatencyHistogram): void {
    if (other.#total === 0) return;
    for (let i = 0; i < bucketCount; i++) this.#counts[i]! += other.#counts[i]!;
    this.#total += other.#total;
  }

  /** The value in milliseconds that `share` (0 to 1) of all latencies do not exceed; NaN when nothing was counted. */
  percentile(share: number): number {
    if (this.#total === 0) return NaN;
    let left = Math.max(1, Math.ceil(share * this.#total));
    for (let i = 0; i < bucketCount; i++) {
      left -= this.#counts[i]!;
      if (left <= 0) return middleOf(i) / 1000;
    }
    return middleOf(bucketCount - 1) / 1000;
  }

  clear(): void {
    if (this.#total === 0) return;
    this.#counts.fill(0);
    this.#total = 0;
  }
}

/** The first eight buckets hold one microsecond each, each octave above is cut in eight. */
function bucketOf(micros: number): number {
  if (micros < subBuckets) return micros;
  const exponent = 31 - Math.clz32(micros);
  return (exponent - subBits + 1) * subBuckets + ((micros >>> (exponent - subBits)) & (subBuckets - 1));
}

/** Microseconds in the middle of a bucket. */
function middleOf(bucket: number): number {
  if (bucket < subBuckets) return bucket;
  const widthBits = Math.floor(bucket / subBuckets) - 1;
  const low = (subBuckets + (bucket % subBuckets)) * 2 ** widthBits;
  // Of all times that it holds, parts of a microsecond included. A bucket of one microsecond is told by its start.
  return widthBits === 0 ? low : low + 2 ** widthBits / 2;
}
