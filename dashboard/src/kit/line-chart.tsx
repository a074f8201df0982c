// A chart of values over time: lines and a ground, drawn by ourselves as SVG. The pointer or the arrow keys read a moment;
// a screen reader hears a summary.
import { useElementSize } from '@mantine/hooks';
import { type KeyboardEvent, type PointerEvent, useId, useState } from 'react';
import { linePath, ticksUpTo, timeTicks } from './chart-scale.ts';
import classes from './chart.module.css';
import { formatTime } from './units.ts';

export interface Series {
  readonly name: string;
  /** One for each step; null where there is nothing to measure. */
  readonly values: readonly (number | null)[];
  readonly tone: 'accent' | 'ink' | 'faint' | 'warn' | 'bad';
  /** Filled to the ground. */
  readonly isArea?: boolean;
}

export interface LineChartProps {
  readonly title: string;
  /** The latest value or the sum, in words. */
  readonly summary: string;
  readonly fromMs: number;
  readonly stepMs: number;
  readonly series: readonly Series[];
  readonly format: (value: number) => string;
  readonly isWhole?: boolean;
}

const height = 132;
const margin = { top: 8, right: 4, bottom: 20, left: 52 };
const plotHeight = height - margin.top - margin.bottom;

/** A chart with its title and legend. */
export function LineChart({ title, summary, fromMs, stepMs, series, format, isWhole }: LineChartProps) {
  const { ref, width } = useElementSize();
  const [picked, setPicked] = useState<number>();
  const titleId = useId();
  const count = series[0]?.values.length ?? 0;
  const max = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  const ticks = ticksUpTo(max, 3, isWhole);
  const top = ticks.at(-1)!;
  const plotWidth = Math.max(1, width - margin.left - margin.right);
  const x = (index: number): number => margin.left + (count < 2 ? 0 : (index / (count - 1)) * plotWidth);
  const y = (value: number): number => margin.top + plotHeight - (value / top) * plotHeight;
  const toMs = fromMs + (count - 1) * stepMs;
  const xOf = (atMs: number): number =>
    margin.left + ((atMs - fromMs) / Math.max(1, toMs - fromMs)) * plotWidth;

  const pick = (event: PointerEvent<SVGSVGElement>): void => {
    const left = event.clientX - event.currentTarget.getBoundingClientRect().left - margin.left;
    setPicked(Math.min(count - 1, Math.max(0, Math.round((left / plotWidth) * (count - 1)))));
  };
  const step = (event: KeyboardEvent): void => {
    const by = event.key === 'ArrowLeft' ? -1 : event.key === 'ArrowRight' ? 1 : 0;
    if (by === 0) return;
    event.preventDefault();
    setPicked((index) => Math.min(count - 1, Math.max(0, (index ?? count) + by)));
  };

  return (
    <figure className={classes['chart']} aria-labelledby={titleId}>
      <figcaption id={titleId}>
        <span className={classes['title']}>{title}</span>
        <span className={classes['summary']}>{summary}</span>
      </figcaption>
      <div className={classes['legend']}>
        {series.map(({ name, tone, values }) => (
          <span key={name}>
            <i data-tone={tone} aria-hidden="true" />
            {name}
            {picked !== undefined && <b>{valueText(values[picked], format)}</b>}
          </span>
        ))}
        <span className={classes['moment']} aria-live="polite">
          {picked !== undefined && formatTime(fromMs + picked * stepMs, stepMs < 60_000)}
        </span>
      </div>
      <div ref={ref} className={classes['plot']}>
        {width > 0 && (
          <svg
            width={width}
            height={height}
            role="img"
            aria-label={`${title}: ${summary}. Arrow keys read single moments.`}
            tabIndex={0}
            onPointerMove={pick}
            onPointerLeave={() => setPicked(undefined)}
            onKeyDown={step}
            onBlur={() => setPicked(undefined)}
          >
            {ticks.map((tick) => (
              <g key={tick}>
                <line
                  className={classes['grid']}
                  x1={margin.left}
                  x2={width - margin.right}
                  y1={y(tick)}
                  y2={y(tick)}
                />
                <text className={classes['label']} x={margin.left - 8} y={y(tick) + 4} textAnchor="end">
                  {format(tick)}
                </text>
              </g>
            ))}
            {timeTicks(fromMs, toMs, width < 320 ? 3 : 5)
              .filter((at) => xOf(at) > margin.left + 14 && xOf(at) < width - 16)
              .map((at) => (
                <text key={at} className={classes['label']} x={xOf(at)} y={height - 4} textAnchor="middle">
                  {formatTime(at, false)}
                </text>
              ))}
            {series.map(({ name, values, tone, isArea }) => {
              const points = values.map((value, i) => (value === null ? null : ([x(i), y(value)] as const)));
              const path = linePath(points);
              return (
                <g key={name} data-tone={tone}>
                  {isArea && path !== '' && (
                    <path
                      className={classes['area']}
                      d={`${path}L${x(count - 1)} ${y(0)}L${x(0)} ${y(0)}Z`}
                    />
                  )}
                  <path className={classes['line']} d={path} />
                  {points.map((point, i) =>
                    point !== null && (points[i - 1] ?? null) === null && (points[i + 1] ?? null) === null ? (
                      <circle key={x(i)} className={classes['lone']} cx={point[0]} cy={point[1]} r={1.6} />
                    ) : null,
                  )}
                </g>
              );
            })}
            {picked !== undefined && (
              <line className={classes['cursor']} x1={x(picked)} x2={x(picked)} y1={margin.top} y2={y(0)} />
            )}
          </svg>
        )}
      </div>
    </figure>
  );
}

function valueText(value: number | null | undefined, format: (value: number) => string): string {
  return value === null || value === undefined ? 'none' : format(value);
}
