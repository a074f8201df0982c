// What the edge counts of its ports, by port.
import type { MetricsRegistry } from '#base/metrics/metrics.ts';
import type { PortTally } from './port-tally.ts';

type Sample = [Record<string, string>, number];

/** Adds the families; `tallies` lists the ports that there are. */
export function collectPortMetrics(metrics: MetricsRegistry, tallies: () => Iterable<PortTally>): void {
  const each = (samples: (tally: PortTally, port: string) => Sample[]) => () =>
    [...tallies()].flatMap((tally) => samples(tally, tally.entry.name));
  metrics.collect(
    'sallyport_edge_port_connections_active',
    'Connections (UDP: clients) of ports under way.',
    'gauge',
    each((tally, port) => [[{ port }, tally.active]]),
  );
  metrics.collect(
    'sallyport_edge_port_connections_total',
    'Connections (UDP: clients) of ports by what became of them; `accepted` counts those that came to failure, too.',
    'counter',
    each((tally, port) => [
      [{ port, outcome: 'accepted' }, tally.connections],
      [{ port, outcome: 'failed' }, tally.failures],
      ...[...tally.refused].map(([outcome, count]): Sample => [{ port, outcome }, count]),
    ]),
  );
  metrics.collect(
    'sallyport_edge_port_bytes_total',
    'Bytes of ports by direction.',
    'counter',
    each((tally, port) => [
      [{ port, direction: 'in' }, tally.bytesIn],
      [{ port, direction: 'out' }, tally.bytesOut],
    ]),
  );
  metrics.collect(
    'sallyport_edge_port_datagrams_dropped_total',
    'Datagrams that found no room, or no right to enter.',
    'counter',
    each((tally, port) => (tally.entry.protocol === 'udp' ? [[{ port }, tally.dropped]] : [])),
  );
}
