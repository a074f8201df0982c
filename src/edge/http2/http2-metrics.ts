// What the HTTP/2 front counts: connections and why each ended, streams that were reset and by whom.
import type { MetricsRegistry } from '#base/metrics/metrics.ts';

/** Every way a client's HTTP/2 connection can end. */
export const sessionClosings = [
  'client-closed',
  'no-settings',
  'settings-timeout',
  'header-block-timeout',
  'idle',
  'unresponsive',
  'drained',
  'shutdown',
  'reset-flood',
  'ping-flood',
  'settings-flood',
  'frame-flood',
  'protocol-error',
  'transport-error',
] as const;

export type SessionClosing = (typeof sessionClosings)[number];

/** Why a stream did not end well: reset by (or because of) the client, or cut by a limit of ours. */
export type StreamReset = 'client' | 'write-stall' | 'read-stall' | 'upload-memory';

/** The front's counters, made once per front. */
export class Http2Metrics {
  readonly #closings: ReadonlyMap<SessionClosing, { add(): void }>;
  readonly #resets: ReadonlyMap<StreamReset, { add(): void }>;

  constructor(registry: MetricsRegistry, openSessions: () => number, openStreams: () => number) {
    registry.collect('sallyport_http2_connections', 'Open HTTP/2 client connections', 'gauge', () => [
      [{}, openSessions()],
    ]);
    registry.collect('sallyport_http2_streams', 'Open HTTP/2 client streams', 'gauge', () => [
      [{}, openStreams()],
    ]);
    const closings = registry.counter(
      'sallyport_http2_connections_closed_total',
      'HTTP/2 client connections that ended, by reason',
    );
    const resets = registry.counter(
      'sallyport_http2_streams_reset_total',
      'HTTP/2 client streams cut short, by reason',
    );
    this.#closings = new Map(sessionClosings.map((reason) => [reason, closings.with({ reason })]));
    const causes: StreamReset[] = ['client', 'write-stall', 'read-stall', 'upload-memory'];
    this.#resets = new Map(causes.map((reason) => [reason, resets.with({ reason })]));
  }

  sessionClosed(reason: SessionClosing): void {
    this.#closings.get(reason)!.add();
  }

  streamReset(reason: StreamReset): void {
    this.#resets.get(reason)!.add();
  }
}
