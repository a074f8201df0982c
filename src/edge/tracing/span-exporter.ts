// Takes recorded spans to a collector, in batches and in the background. Requests never wait for it: what finds no room in
// the queue is dropped and counted, and a collector that is away costs one batch's memory and a try now and then.
//
//   add -> queue (bounded) -> batch every few seconds, or when one is full -> POST, tried again with longer waits
import { Backoff } from '#base/backoff.ts';
import type { Clock, Timer } from '#base/clock.ts';
import { errorText } from '#base/errors.ts';
import type { Log } from '#base/log.ts';
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { Random } from '#base/random.ts';
import type { WebAnswer } from '#base/net/web-client.ts';
import type { Span } from './span.ts';

/** Limits of OpenTelemetry's own batch processor: some 2 MiB of spans. */
const maxQueued = 2_048;
const maxBatch = 512;
const batchMs = 5_000;
/** A collector that takes longer than this for a batch is away. */
const sendWithinMs = 10_000;
/** A batch that could not be brought in so many tries (some two minutes) is given up. */
const maxTries = 8;
const retry = { baseMs: 1_000, capMs: 30_000 };
/** Statuses after which the protocol asks for another try. */
const passing = new Set([429, 502, 503, 504]);

/** Brings one batch; rejects when nobody answers. */
export type SendSpans = (spans: readonly Span[], signal: AbortSignal) => Promise<WebAnswer>;

export interface SpanExporterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: MetricsRegistry;
}

export class SpanExporter {
  readonly #options: SpanExporterOptions;
  readonly #backoff: Backoff;
  readonly #counts = { exported: 0, dropped: 0, refused: 0 };
  readonly #queue: Span[] = [];
  #send: SendSpans | undefined;
  #timer: Timer | undefined;
  #sending: Promise<void> | undefined;
  #stop = new AbortController();
  /** Said once until it works again. */
  #hasComplained = false;

  constructor(options: SpanExporterOptions) {
    this.#options = options;
    this.#backoff = new Backoff({ ...retry, random: options.random });
    options.metrics.collect(
      'sallyport_edge_trace_spans_total',
      'Recorded spans by what became of them: exported, dropped (no room, or no collector), refused by the collector.',
      'counter',
      () => Object.entries(this.#counts).map(([outcome, count]) => [{ outcome }, count]),
    );
  }

  /** Where spans go from now on; undefined: nowhere, and what waits is dropped. */
  sendBy(send: SendSpans | undefined): void {
    this.#send = send;
    if (send) return;
    this.#counts.dropped += this.#queue.length;
    this.#queue.length = 0;
  }

  /** Takes a span, or drops it; without a collector there is nothing to do. */
  add(span: Span): void {
    if (!this.#send) return;
    if (this.#queue.length >= maxQueued || this.#stop.signal.aborted) {
      this.#counts.dropped += 1;
      return;
    }
    this.#queue.push(span);
    if (this.#sending) return;
    if (this.#queue.length >= maxBatch) this.#begin();
    else this.#timer ??= this.#options.clock.after(batchMs, () => this.#begin());
  }

  /** Brings what waits, once, and takes nothing more; resolves when that is done or `signal` fires. */
  async close(signal: AbortSignal): Promise<void> {
    const send = this.#send;
    this.#timer?.cancel();
    this.#stop.abort();
    await this.#sending;
    while (send && this.#queue.length > 0 && !signal.aborted) {
      await this.#tryOnce(send, this.#queue.splice(0, maxBatch), signal);
    }
    this.sendBy(undefined);
  }

  #begin(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#sending ??= this.#run().finally(() => {
      this.#sending = undefined;
      if (this.#queue.length > 0 && !this.#stop.signal.aborted)
        this.#timer = this.#options.clock.after(batchMs, () => this.#begin());
    });
  }

  async #run(): Promise<void> {
    do {
      await this.#bring(this.#queue.splice(0, maxBatch));
    } while (this.#queue.length >= maxBatch && !this.#stop.signal.aborted);
  }

  /** One batch, until it is there, refused, or given up. */
  async #bring(batch: readonly Span[]): Promise<void> {
    for (let tries = 1; ; tries++) {
      const { signal } = this.#stop;
      const send = this.#send;
      const after = send && (await this.#tryOnce(send, batch, signal, tries < maxTries));
      if (after === undefined) {
        if (!send) this.#counts.dropped += batch.length;
        return;
      }
      await this.#wait(Math.max(after, this.#backoff.nextMs()), signal);
      if (signal.aborted) {
        this.#counts.dropped += batch.length;
        return;
      }
    }
  }

  /** One try; the wait that the collector asks for when there should be another, undefined when it is settled. */
  async #tryOnce(
    send: SendSpans,
    batch: readonly Span[],
    signal: AbortSignal,
    mayRepeat = false,
  ): Promise<number | undefined> {
    let why: string;
    let waitMs = 0;
    try {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(sendWithinMs)]);
      const answer = await send(batch, limit);
      if (answer.status >= 200 && answer.status < 300) return this.#brought(batch, answer);
      why = `it answered ${answer.status}`;
      if (!passing.has(answer.status)) return this.#lost('refused', batch, why);
      waitMs = retryAfterMs(answer);
    } catch (error) {
      why = errorText(error);
    }
    if (mayRepeat && !signal.aborted) {
      this.#complain(why);
      return waitMs;
    }
    return this.#lost('dropped', batch, why);
  }

  #brought(batch: readonly Span[], answer: WebAnswer): undefined {
    const refused = Math.min(batch.length, rejectedOf(answer));
    this.#counts.exported += batch.length - refused;
    this.#counts.refused += refused;
    this.#backoff.reset();
    if (this.#hasComplained) this.#options.log.info('The trace collector takes spans again');
    this.#hasComplained = false;
  }

  #lost(what: 'dropped' | 'refused', batch: readonly Span[], why: string): undefined {
    this.#counts[what] += batch.length;
    this.#complain(why);
  }

  #complain(why: string): void {
    if (this.#hasComplained) return;
    this.#hasComplained = true;
    this.#options.log.warn('Spans do not reach the trace collector; requests are not held up by that', {
      why,
    });
  }

  #wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const done = (): void => {
        timer.cancel();
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = this.#options.clock.after(ms, done);
      signal.addEventListener('abort', done, { once: true });
      if (signal.aborted) done();
    });
  }
}

/** Retry-After in seconds, at most as long as our own longest wait. */
function retryAfterMs({ headers }: WebAnswer): number {
  const seconds = Number(headers['retry-after']);
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds * 1_000, retry.capMs) : 0;
}

/** A collector may take a batch and refuse some of it (partial success). */
function rejectedOf({ body }: WebAnswer): number {
  try {
    const { partialSuccess } = JSON.parse(body.toString() || '{}') as {
      partialSuccess?: { rejectedSpans?: string | number };
    };
    const count = Number(partialSuccess?.rejectedSpans ?? 0);
    return Number.isSafeInteger(count) && count > 0 ? count : 0;
  } catch {
    return 0;
  }
}
