// Probes in metrics: whether each hostname is reached, what each hop took, when the certificate that was shown ends.
import type { Labels, MetricsRegistry } from '#base/metrics/metrics.ts';
import type { ProbeResult } from '#model/probes/probe.ts';
import { isFailure, type Prober } from './prober.ts';

/** Hostnames that are told one by one; those that are not well first. */
const maxTold = 500;

/** Adds the families. */
export function collectProbes(metrics: MetricsRegistry, prober: Pick<Prober, 'results' | 'counts'>): void {
  const each = (read: (result: ProbeResult) => readonly [Labels, number][]) => () =>
    toldOf(prober.results()).flatMap((result) =>
      read(result).map(([labels, value]): [Labels, number] => [
        { hostname: result.hostname, from: result.from || 'edge', ...labels },
        value,
      ]),
    );
  metrics.collect(
    'sallyport_probe_success',
    'Whether a hostname is reached from outside; absent where that cannot be seen.',
    'gauge',
    each(({ outcome }) => (outcome === 'unseen' ? [] : [[{}, Number(!isFailure(outcome))]])),
  );
  metrics.collect(
    'sallyport_probe_hop_seconds',
    'What each hop of the last probe took.',
    'gauge',
    each(({ ms }) =>
      Object.entries(ms).flatMap(([hop, took]): [Labels, number][] =>
        took === null ? [] : [[{ hop }, took / 1000]],
      ),
    ),
  );
  metrics.collect(
    'sallyport_probe_certificate_end_seconds',
    'End of the certificate that a probe was shown, seconds since 1970.',
    'gauge',
    each(({ certificateEndsMs }) => (certificateEndsMs === null ? [] : [[{}, certificateEndsMs / 1000]])),
  );
  metrics.collect('sallyport_probe_total', 'Probes by outcome.', 'counter', () =>
    [...prober.counts].map(([outcome, count]) => [{ outcome }, count]),
  );
}

function toldOf(results: readonly ProbeResult[]): readonly ProbeResult[] {
  if (results.length <= maxTold) return results;
  return results.toSorted((a, b) => b.failures - a.failures).slice(0, maxTold);
}
