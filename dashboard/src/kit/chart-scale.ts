// The arithmetic of a chart, without a picture: round steps for the axis, and points on the surface.

/** Ticks of an axis from zero: at most `wanted` steps, each a round number (1, 2 or 5 times a power of ten). */
export function ticksUpTo(max: number, wanted = 3, isWhole = false): number[] {
  if (max <= 0) return [0, 1];
  const rough = max / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((candidate) => candidate >= rough)!;
  const whole = isWhole ? Math.max(1, Math.round(step)) : step;
  const count = Math.ceil(max / whole - 1e-9);
  return Array.from({ length: count + 1 }, (_, i) => Number((i * whole).toPrecision(12)));
}

/** Times on the axis below: about `wanted`, on round minutes or hours of the reader's clock. */
export function timeTicks(fromMs: number, toMs: number, wanted: number): number[] {
  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440].map((minutes) => minutes * 60_000);
  const step = steps.find((candidate) => (toMs - fromMs) / candidate <= wanted) ?? steps.at(-1)!;
  const zone = new Date(fromMs).getTimezoneOffset() * 60_000;
  const first = Math.ceil((fromMs - zone) / step) * step + zone;
  const ticks: number[] = [];
  for (let at = first; at <= toMs; at += step) ticks.push(at);
  return ticks;
}

/** An SVG path through points; a null begins anew. */
export function linePath(points: readonly (readonly [x: number, y: number] | null)[]): string {
  let path = '';
  let isDown = false;
  for (const point of points) {
    if (point === null) isDown = false;
    else {
      path += `${isDown ? 'L' : 'M'}${point[0].toFixed(1)} ${point[1].toFixed(1)}`;
      isDown = true;
    }
  }
  return path;
}
