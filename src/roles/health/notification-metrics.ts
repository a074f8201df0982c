// What becomes of messages to the owner, in metrics: whoever watches the edge by Prometheus sees that its own voice works.
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { ControlReport } from '#model/live/control-report.ts';

/** Adds the families; nothing is told before the control plane has reported. */
export function collectNotifications(
  metrics: MetricsRegistry,
  report: () => ControlReport | undefined,
): void {
  metrics.collect(
    'sallyport_notify_messages_total',
    'Messages of channels by what became of them; a failed one is tried again.',
    'counter',
    () => Object.entries(report()?.messages ?? {}).map(([outcome, count]) => [{ outcome }, count]),
  );
  metrics.collect('sallyport_notify_waiting', 'News that wait to be told.', 'gauge', () =>
    single(report()?.waitingNews),
  );
  metrics.collect('sallyport_notify_channels_failing', 'Channels that do not get through.', 'gauge', () =>
    single(report()?.failingChannels),
  );
}

function single(value: number | undefined): [Record<string, string>, number][] {
  return value === undefined ? [] : [[{}, value]];
}
