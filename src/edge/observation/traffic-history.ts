// Traffic over time in rings of a fixed size: seconds for an hour, ten seconds for an hour, minutes for two days, five
// minutes for two days. A request costs a few additions to the present second; when that is over it is written down and
// added to the next coarser step, whose percentiles come from the merged histogram and are as exact.
//
// Steps are counted on the monotonic clock, begun at the wall clock's second, so that a wall clock that is set does not
// tear the picture. About 400 KB in all, whatever the traffic.
import type { TrafficSeries, TrafficSpan } from '#model/live/live.ts';
import { LatencyHistogram } from './latency-histogram.ts';

/** What one request, or a part of one, adds. */
export interface TrafficSample {
  readonly status: number;
  /** To the first byte of the answer; below 0 for an answer whose time says nothing. */
  readonly latencyMs: number;
}

interface RingSize {
  readonly stepMs: number;
  readonly size: number;
}

/** From fine to coarse; each step is a whole number of the one before. */
const rings: readonly RingSize[] = [
  { stepMs: 1_000, size: 3_600 },
  { stepMs: 10_000, size: 360 },
  { stepMs: 60_000, size: 2_880 },
  { stepMs: 300_000, size: 576 },
];

/** Which ring answers which question, and with how many points. */
const spans: Readonly<Record<TrafficSpan, { readonly ring: number; readonly points: number }>> = {
  '5m': { ring: 0, points: 300 },
  '1h': { ring: 1, points: 360 },
  '6h': { ring: 2, points: 360 },
  '48h': { ring: 3, points: 576 },
};

export interface TrafficHistoryOptions {
  readonly nowMs: () => number;
  readonly wallMs: () => number;
}

export class TrafficHistory {
  readonly #options: TrafficHistoryOptions;
  readonly #levels: readonly Level[];
  /** Wall clock minus monotonic clock when this began. */
  readonly #offsetMs: number;

  constructor(options: TrafficHistoryOptions) {
    this.#options = options;
    this.#offsetMs = options.wallMs() - options.nowMs();
    const levels: Level[] = [];
    for (const ring of rings.toReversed()) levels.unshift(new Level(ring, levels[0]));
    this.#levels = levels;
  }

  /** A request is over; `nowMs` on the monotonic clock. HOT. */
  add(sample: TrafficSample, nowMs: number): void {
    const present = this.#present(nowMs);
    present.requests += 1;
    if (sample.status >= 500) present.serverErrors += 1;
    else if (sample.status >= 400) present.clientErrors += 1;
    if (sample.latencyMs >= 0) present.latencies.add(sample.latencyMs);
  }

  /** Body bytes have passed. HOT. */
  addBytes(bytesIn: number, bytesOut: number, nowMs: number): void {
    const present = this.#present(nowMs);
    present.bytesIn += bytesIn;
    present.bytesOut += bytesOut;
  }

  /** The last whole steps of a span. */
  series(span: TrafficSpan): TrafficSeries {
    const nowMs = this.#options.nowMs() + this.#offsetMs;
    for (const level of this.#levels) level.advance(nowMs);
    const { ring, points } = spans[span];
    const level = this.#levels[ring]!;
    const next = Math.floor(nowMs / level.stepMs);
    // A wall clock that was set since moves the whole picture, by whole seconds.
    const driftMs = Math.round((this.#options.wallMs() - nowMs) / 1000) * 1000;
    return {
      stepMs: level.stepMs,
      fromMs: Math.max(0, (next - points) * level.stepMs + driftMs),
      points: Array.from({ length: points }, (_, i) => level.point(next - points + i)),
    };
  }

  #present(nowMs: number): Step {
    return this.#levels[0]!.advance(nowMs + this.#offsetMs);
  }
}

/** A step that is still being counted. */
class Step {
  /** Steps since 1970. */
  index = -1;
  requests = 0;
  clientErrors = 0;
  serverErrors = 0;
  bytesIn = 0;
  bytesOut = 0;
  readonly latencies = new LatencyHistogram();

  begin(index: number): void {
    this.index = index;
    this.requests = 0;
    this.clientErrors = 0;
    this.serverErrors = 0;
    this.bytesIn = 0;
    this.bytesOut = 0;
    this.latencies.clear();
  }

  take(finer: Step): void {
    this.requests += finer.requests;
    this.clientErrors += finer.clientErrors;
    this.serverErrors += finer.serverErrors;
    this.bytesIn += finer.bytesIn;
    this.bytesOut += finer.bytesOut;
    this.latencies.merge(finer.latencies);
  }

  get isEmpty(): boolean {
    return this.requests === 0 && this.bytesIn === 0 && this.bytesOut === 0;
  }
}

/** One resolution: the present step, and a ring of those that are over. */
class Level {
  readonly stepMs: number;
  readonly #coarser: Level | undefined;
  readonly #size: number;
  readonly #present = new Step();
  /** Which step stands in a slot; a slot of another round is as good as empty. */
  readonly #indexes: Float64Array;
  readonly #counts: Record<'requests' | 'clientErrors' | 'serverErrors', Uint32Array>;
  readonly #bytes: Record<'bytesIn' | 'bytesOut', Float64Array>;
  readonly #percentiles: Record<'p50Ms' | 'p95Ms' | 'p99Ms', Float32Array>;

  constructor({ stepMs, size }: RingSize, coarser: Level | undefined) {
    this.stepMs = stepMs;
    this.#size = size;
    this.#coarser = coarser;
    const counts = (): Uint32Array => new Uint32Array(size);
    this.#indexes = new Float64Array(size).fill(-1);
    this.#counts = { requests: counts(), clientErrors: counts(), serverErrors: counts() };
    this.#bytes = { bytesIn: new Float64Array(size), bytesOut: new Float64Array(size) };
    this.#percentiles = {
      p50Ms: new Float32Array(size),
      p95Ms: new Float32Array(size),
      p99Ms: new Float32Array(size),
    };
  }

  /** The step of `atMs` (since 1970); the one before is written down when it is over. HOT. */
  advance(atMs: number): Step {
    const index = Math.floor(atMs / this.stepMs);
    const present = this.#present;
    if (index > present.index) {
      if (!present.isEmpty) this.#close(present);
      present.begin(index);
    }
    return present;
  }

  point(index: number): TrafficSeries['points'][number] {
    const at = index % this.#size;
    if (this.#indexes[at] !== index) return emptyPoint;
    return {
      requests: this.#counts.requests[at]!,
      clientErrors: this.#counts.clientErrors[at]!,
      serverErrors: this.#counts.serverErrors[at]!,
      bytesIn: this.#bytes.bytesIn[at]!,
      bytesOut: this.#bytes.bytesOut[at]!,
      p50Ms: numberOrNull(this.#percentiles.p50Ms[at]!),
      p95Ms: numberOrNull(this.#percentiles.p95Ms[at]!),
      p99Ms: numberOrNull(this.#percentiles.p99Ms[at]!),
    };
  }

  #close(step: Step): void {
    const at = step.index % this.#size;
    this.#indexes[at] = step.index;
    this.#counts.requests[at] = step.requests;
    this.#counts.clientErrors[at] = step.clientErrors;
    this.#counts.serverErrors[at] = step.serverErrors;
    this.#bytes.bytesIn[at] = step.bytesIn;
    this.#bytes.bytesOut[at] = step.bytesOut;
    this.#percentiles.p50Ms[at] = step.latencies.percentile(0.5);
    this.#percentiles.p95Ms[at] = step.latencies.percentile(0.95);
    this.#percentiles.p99Ms[at] = step.latencies.percentile(0.99);
    this.#coarser?.advance(step.index * this.stepMs).take(step);
  }
}

const emptyPoint: TrafficSeries['points'][number] = {
  requests: 0,
  clientErrors: 0,
  serverErrors: 0,
  bytesIn: 0,
  bytesOut: 0,
  p50Ms: null,
  p95Ms: null,
  p99Ms: null,
};

/** Rounded to what a float of 32 bits and a bucket of 7 % are worth. */
function numberOrNull(value: number): number | null {
  return Number.isNaN(value) ? null : Math.round(value * 1000) / 1000;
}
