// Counts streams, and logs those that failed at their origin, each kind of failure at most once a second for a rule so
// that a broken origin under load does not fill the disk.
import type { Clock } from '#base/clock.ts';
import type { Log } from '#base/log.ts';
import type { IngressRule } from '#model/ingress/ingress-rule.ts';
import type { ResetReason } from '#tunnel/stream.ts';
import type { ConnectorMetrics } from './connector-metrics.ts';
import type { OriginEvents } from './origins/origin.ts';
import { nameOf } from './rules/rule-table.ts';

const logIntervalMs = 1_000;
const maxLoggedKinds = 10_000;

export class StreamEvents implements OriginEvents {
  readonly #metrics: ConnectorMetrics;
  readonly #log: Log;
  readonly #clock: Clock;
  /** When each kind of failure of each rule was last logged, and how many went unlogged since. */
  readonly #logged = new Map<string, { atMs: number; unlogged: number }>();
  #openStreams = 0;

  constructor(metrics: ConnectorMetrics, log: Log, clock: Clock) {
    this.#metrics = metrics;
    this.#log = log;
    this.#clock = clock;
  }

  get openStreams(): number {
    return this.#openStreams;
  }

  streamOpened(): void {
    this.#openStreams += 1;
    const { streams, openStreams, mostOpenStreams } = this.#metrics;
    streams.add();
    openStreams.set(this.#openStreams);
    if (this.#openStreams > mostOpenStreams.value) mostOpenStreams.set(this.#openStreams);
  }

  originReached(tookMs: number): void {
    this.#metrics.connectLatency.observe(tookMs);
    this.#metrics.tcpTotal.add();
    this.#metrics.tcpActive.set(this.#openStreams);
  }

  streamClosed(rule: IngressRule, reason: ResetReason | '', detail: string): void {
    this.#openStreams -= 1;
    this.#metrics.openStreams.set(this.#openStreams);
    this.#metrics.tcpActive.set(this.#openStreams);
    if (!reason.startsWith('origin-')) return;
    this.#metrics.streamErrors.add();
    if (reason !== 'origin-lost') this.#metrics.connectErrors.add();
    this.#metrics.originErrors.with({ reason }).add();
    this.#logFailure(nameOf(rule), reason, detail);
  }

  #logFailure(rule: string, reason: string, error: string): void {
    const key = `${rule} ${reason}`;
    const nowMs = this.#clock.nowMs();
    const last = this.#logged.get(key);
    if (last && nowMs - last.atMs < logIntervalMs) {
      last.unlogged += 1;
      return;
    }
    if (this.#logged.size >= maxLoggedKinds) this.#logged.clear();
    this.#logged.set(key, { atMs: nowMs, unlogged: 0 });
    const more = last !== undefined && last.unlogged > 0 ? { unlogged: last.unlogged } : {};
    this.#log.error('Unable to reach the origin service', { rule, reason, error, ...more });
  }
}
