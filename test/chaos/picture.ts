// The picture of a soak: a small graph for each thing that was measured, below each other, as SVG.

/** What was measured: seconds since the start, and the value. */
export interface Curve {
  readonly name: string;
  readonly unit: string;
  readonly points: [number, number][];
}

const width = 900;
const height = 160;
const margin = { left: 70, right: 20, top: 30, bottom: 25 };

/** An SVG document with one graph for each curve; the axis of values begins at 0, so that growth looks as it is. */
export function pictureOf(curves: readonly Curve[]): string {
  const graphs = curves.map((curve, i) => `<g transform="translate(0 ${i * height})">${graphOf(curve)}</g>`);
  const all = height * curves.length;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${all}" font-family="sans-serif" font-size="12">`,
    `<rect width="${width}" height="${all}" fill="white"/>`,
    ...graphs,
    '</svg>\n',
  ].join('\n');
}

/** How much the second half of a curve lies above the first, on average. */
export interface Growth {
  /** In parts of the first. */
  readonly part: number;
  /** In the curve's own unit. */
  readonly more: number;
}

/** The growth of a curve once its first `warmUpPart` has been left out. */
export function growthOf({ points }: Curve, warmUpPart: number): Growth {
  const settled = points.slice(Math.floor(points.length * warmUpPart)).map(([, value]) => value);
  const middle = Math.floor(settled.length / 2);
  if (middle === 0) return { part: 0, more: 0 };
  const mean = (list: readonly number[]): number => list.reduce((sum, value) => sum + value, 0) / list.length;
  const before = mean(settled.slice(0, middle));
  const more = mean(settled.slice(middle)) - before;
  return { part: before === 0 ? 0 : more / before, more };
}

/** Both must be passed: a fifth of a handful is chance, and so are ten of a thousand. */
export function isBeyond(growth: Growth, allowed: Growth): boolean {
  return growth.part > allowed.part && growth.more > allowed.more;
}

function graphOf({ name, unit, points }: Curve): string {
  const lastS = Math.max(1, points.at(-1)?.[0] ?? 0);
  const top = Math.max(1, ...points.map(([, value]) => value)) * 1.1;
  const inner = { width: width - margin.left - margin.right, height: height - margin.top - margin.bottom };
  const x = (seconds: number): string => (margin.left + (seconds / lastS) * inner.width).toFixed(1);
  const y = (value: number): string => (margin.top + inner.height * (1 - value / top)).toFixed(1);
  const line = points.map(([seconds, value]) => `${x(seconds)},${y(value)}`).join(' ');
  const latest = points.at(-1)?.[1] ?? 0;
  const bottom = margin.top + inner.height;
  return [
    `<text x="${margin.left}" y="18" font-weight="bold">${name}</text>`,
    `<text x="${width - margin.right}" y="18" text-anchor="end">${latest} ${unit}</text>`,
    `<path d="M${margin.left} ${margin.top}V${bottom}H${width - margin.right}" fill="none" stroke="#888"/>`,
    `<text x="${margin.left - 6}" y="${margin.top + 8}" text-anchor="end">${Math.round(top)}</text>`,
    `<text x="${margin.left - 6}" y="${bottom}" text-anchor="end">0</text>`,
    `<text x="${width - margin.right}" y="${height - 8}" text-anchor="end">${Math.round(lastS / 60)} min</text>`,
    `<polyline points="${line}" fill="none" stroke="#2563eb" stroke-width="1.5"/>`,
  ].join('');
}
