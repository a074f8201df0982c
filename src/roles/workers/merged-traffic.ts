// Traffic over time of several processes as that of one. Counts are added; a percentile of the whole cannot be had from
// percentiles of parts, so it is told as the parts' mean by their requests, which differs little where the kernel spreads
// connections.
import type { TrafficSeries } from '#model/live/live.ts';

type Point = TrafficSeries['points'][number];

/** The first counts where steps do not begin at the same time: processes' clocks are the machine's, so by one step at most. */
export function mergedTraffic(series: readonly TrafficSeries[]): TrafficSeries {
  const [own, ...others] = series;
  const first = own!;
  return {
    ...first,
    points: first.points.map((point, i) => {
      const atMs = first.fromMs + i * first.stepMs;
      return others.reduce((sum, other) => addPoint(sum, pointAt(other, atMs)), point);
    }),
  };
}

function pointAt({ fromMs, stepMs, points }: TrafficSeries, atMs: number): Point | undefined {
  return points[Math.round((atMs - fromMs) / stepMs)];
}

function addPoint(a: Point, b: Point | undefined): Point {
  if (!b) return a;
  const mean = (key: 'p50Ms' | 'p95Ms' | 'p99Ms'): number | null => {
    const [x, y] = [a[key], b[key]];
    if (x === null || y === null) return x ?? y;
    const all = a.requests + b.requests;
    return all === 0 ? x : Math.round(((x * a.requests + y * b.requests) / all) * 1000) / 1000;
  };
  return {
    requests: a.requests + b.requests,
    clientErrors: a.clientErrors + b.clientErrors,
    serverErrors: a.serverErrors + b.serverErrors,
    bytesIn: a.bytesIn + b.bytesIn,
    bytesOut: a.bytesOut + b.bytesOut,
    ...{ p50Ms: mean('p50Ms'), p95Ms: mean('p95Ms'), p99Ms: mean('p99Ms') },
  };
}
