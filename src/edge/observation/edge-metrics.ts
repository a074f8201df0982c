// What the edge counts. Children are bound once; the hot path adds to numbers.
import type { Counter, Gauge, Histogram, MetricsRegistry, Family } from '#base/metrics/metrics.ts';
import type { FailureCode } from '#http/exchange.ts';
import type { Exchange } from '../exchange.ts';
import type { TunnelRegistry } from '../tunnels/tunnel-registry.ts';

/** Seconds; from a cached page on the LAN to a slow report. */
const durationBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export class EdgeMetrics {
  readonly #active: Gauge;
  readonly #byStatus: Array<Counter | undefined> = Array.from({ length: 6 });
  readonly #statuses: Family<Counter>;
  readonly #duration: Histogram;
  readonly #bytesIn: Counter;
  readonly #bytesOut: Counter;
  readonly #failures: Family<Counter>;
  readonly #refused: Family<Counter>;
  readonly #connections: Family<Counter>;
  readonly #retries: Counter;

  constructor(registry: MetricsRegistry, tunnels: TunnelRegistry) {
    this.#active = registry.gauge('sallyport_edge_requests_active', 'Requests under way.').with({});
    this.#statuses = registry.counter(
      'sallyport_edge_requests_total',
      'Finished requests by class of status.',
    );
    this.#duration = registry
      .histogram(
        'sallyport_edge_request_seconds',
        'Time from the first byte of a request to the end of its response.',
        durationBuckets,
      )
      .with({});
    const bytes = registry.counter('sallyport_edge_body_bytes_total', 'Body bytes by direction.');
    this.#bytesIn = bytes.with({ direction: 'in' });
    this.#bytesOut = bytes.with({ direction: 'out' });
    this.#failures = registry.counter(
      'sallyport_edge_failures_total',
      'Requests that the edge answered with an error of its own.',
    );
    this.#refused = registry.counter(
      'sallyport_edge_refused_total',
      'Requests refused before they were routed.',
    );
    this.#connections = registry.counter(
      'sallyport_edge_connections_total',
      'Client connections by what became of them.',
    );
    this.#retries = registry
      .counter('sallyport_edge_retries_total', 'Requests tried a second time.')
      .with({});
    registry.collect(
      'sallyport_edge_tunnel_connections',
      'Tunnel connections that take requests.',
      'gauge',
      () => countBy(tunnels),
    );
    registry.collect(
      'sallyport_edge_tunnel_disconnects_total',
      'Ended tunnel connections by reason.',
      'counter',
      () => [...tunnels.disconnects].map(([reason, count]) => [{ reason }, count]),
    );
  }

  requestStarted(): void {
    this.#active.add(1);
  }

  /** HOT. */
  requestFinished(exchange: Exchange, nowMs: number): void {
    this.#active.add(-1);
    const group = Math.floor(exchange.status / 100);
    const counter = this.#byStatus[group] ?? this.#statuses.with({ status: `${group}xx` });
    this.#byStatus[group] = counter;
    counter.add();
    this.#duration.observe((nowMs - exchange.request.startedMs) / 1000);
    this.#bytesIn.add(exchange.bytesIn);
    this.#bytesOut.add(exchange.bytesOut);
    if (exchange.failure) this.#failures.with({ code: exchange.failure.code }).add();
    if (exchange.attempts > 1) this.#retries.add();
  }

  requestRefused(code: FailureCode): void {
    this.#refused.with({ code }).add();
  }

  connection(outcome: string): void {
    this.#connections.with({ outcome }).add();
  }
}

function countBy(tunnels: TunnelRegistry): Array<[{ tunnel: string }, number]> {
  const counts = new Map<string, number>();
  for (const connection of tunnels.connections)
    counts.set(connection.tunnelId, (counts.get(connection.tunnelId) ?? 0) + 1);
  return [...counts].map(([tunnel, count]) => [{ tunnel }, count]);
}
