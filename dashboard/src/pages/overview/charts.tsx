// Requests, errors, latency and bytes over time.
import { SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import type { TrafficSeries, TrafficSpan } from '#model/live/live.ts';
import { useRead } from '../../api/queries.ts';
import { LineChart } from '../../kit/line-chart.tsx';
import { ProblemNotice } from '../../kit/notices.tsx';
import { Panel, Section } from '../../kit/page.tsx';
import { formatAmount, formatBytes, formatMs, formatRate, formatShare } from '../../kit/units.ts';
import classes from './overview.module.css';

const spans: readonly { value: TrafficSpan; label: string; words: string; everyMs: number }[] = [
  { value: '5m', label: '5 min', words: 'the last 5 minutes', everyMs: 5_000 },
  { value: '1h', label: '1 h', words: 'the last hour', everyMs: 15_000 },
  { value: '6h', label: '6 h', words: 'the last 6 hours', everyMs: 60_000 },
  { value: '48h', label: '48 h', words: 'the last 48 hours', everyMs: 120_000 },
];

/** The four charts, over a span that can be chosen. */
export function Charts() {
  const [span, setSpan] = useState<TrafficSpan>('1h');
  const chosen = spans.find(({ value }) => value === span)!;
  const traffic = useRead(
    'getTraffic',
    { query: { span } },
    { keepsPrevious: true, everyMs: chosen.everyMs },
  );
  return (
    <Section
      title="Traffic"
      intro={traffic.data === undefined ? ' ' : sumUp(traffic.data, chosen.words)}
      actions={
        <SegmentedControl
          size="xs"
          aria-label="Span of time"
          data={spans.map(({ value, label }) => ({ value, label }))}
          value={span}
          onChange={(value) => setSpan(value as TrafficSpan)}
        />
      }
    >
      <ProblemNotice
        error={traffic.data === undefined ? traffic.error : null}
        retry={() => void traffic.refetch()}
      />
      <div className={classes['charts']}>
        {chartsOf(traffic.data).map((chart) => (
          <Panel key={chart.title}>
            <LineChart {...chart} />
          </Panel>
        ))}
      </div>
    </Section>
  );
}

function sumUp({ points }: TrafficSeries, words: string): string {
  const requests = points.reduce((sum, point) => sum + point.requests, 0);
  const errors = points.reduce((sum, point) => sum + point.serverErrors, 0);
  if (requests === 0) return `No requests in ${words}.`;
  return `${formatAmount(requests, 'request')} in ${words}, ${errors === 0 ? 'none failed' : `${formatAmount(errors, 'failure')} (${formatShare(errors, requests)})`}.`;
}

function chartsOf(data: TrafficSeries | undefined) {
  const series = data ?? { stepMs: 60_000, fromMs: 0, points: [] };
  const { stepMs, fromMs, points } = series;
  const seconds = stepMs / 1000;
  const last = points.at(-2) ?? points.at(-1);
  const sum = (key: 'serverErrors' | 'clientErrors' | 'bytesIn' | 'bytesOut'): number =>
    points.reduce((total, point) => total + point[key], 0);
  const common = { fromMs, stepMs };
  return [
    {
      ...common,
      title: 'Requests',
      summary: last === undefined ? '' : `${formatRate(last.requests / seconds)} now`,
      format: formatRate,
      series: [
        {
          name: 'a second',
          tone: 'accent',
          isArea: true,
          values: points.map(({ requests }) => requests / seconds),
        },
      ],
    },
    {
      ...common,
      title: 'Errors',
      summary: formatAmount(sum('serverErrors'), 'failure'),
      format: (value: number) => String(Math.round(value)),
      isWhole: true,
      series: [
        { name: '4xx, the client’s', tone: 'faint', values: points.map(({ clientErrors }) => clientErrors) },
        {
          name: '5xx, ours',
          // Nothing red where nothing is wrong.
          tone: sum('serverErrors') === 0 ? 'faint' : 'bad',
          isArea: true,
          values: points.map(({ serverErrors }) => serverErrors),
        },
      ],
    },
    {
      ...common,
      title: 'Latency',
      summary: last?.p50Ms == null ? 'no requests' : `${formatMs(last.p50Ms)} median`,
      format: formatMs,
      series: [
        { name: 'median', tone: 'accent', values: points.map(({ p50Ms }) => p50Ms) },
        { name: '95 %', tone: 'ink', values: points.map(({ p95Ms }) => p95Ms) },
        { name: '99 %', tone: 'faint', values: points.map(({ p99Ms }) => p99Ms) },
      ],
    },
    {
      ...common,
      title: 'Bytes',
      summary: `${formatBytes(sum('bytesOut'))} sent, ${formatBytes(sum('bytesIn'))} received`,
      format: (value: number) => `${formatBytes(value)}/s`,
      series: [
        {
          name: 'sent',
          tone: 'accent',
          isArea: true,
          values: points.map(({ bytesOut }) => bytesOut / seconds),
        },
        { name: 'received', tone: 'ink', values: points.map(({ bytesIn }) => bytesIn / seconds) },
      ],
    },
  ] as const;
}
