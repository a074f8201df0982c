// Durations as Go writes them ("1h30m", "1.5s", "250ms"), which is how cloudflared's configuration and flags spell
// time. Inside, every duration is a number of milliseconds.

const unitMs: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
};

const wholePattern = /^[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/;
const partPattern = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/g;

/** Go keeps durations in 63 bits of nanoseconds, about 292 years; longer ones are refused. */
const longestMs = 2 ** 63 / 1e6;

/** Milliseconds of a Go duration string; undefined when the text is none. A bare number has no unit and is refused, except "0". */
export function parseDuration(text: string): number | undefined {
  if (/^[+-]?0+$/.test(text)) return 0;
  if (!wholePattern.test(text)) return undefined;
  let sumMs = 0;
  for (const [, amount, unit] of text.matchAll(partPattern)) sumMs += Number(amount) * unitMs[unit!]!;
  if (sumMs >= longestMs) return undefined;
  // Nanoseconds are the finest unit; what floating point leaves below them is noise.
  const rounded = sumMs < 1 ? Number(sumMs.toFixed(6)) : sumMs;
  return text.startsWith('-') ? -rounded : rounded;
}

/** The way Go prints a duration: "0s", "250ms", "1.5s", "1m30s", "2h0m0s". */
export function formatDuration(durationMs: number): string {
  if (durationMs < 0) return `-${formatDuration(-durationMs)}`;
  if (durationMs === 0) return '0s';
  if (durationMs < 1e-3) return `${trim(durationMs * 1e6, 0)}ns`;
  if (durationMs < 1) return `${trim(durationMs * 1e3, 3)}µs`;
  if (durationMs < 1000) return `${trim(durationMs, 6)}ms`;
  const hours = Math.floor(durationMs / unitMs.h!);
  const minutes = Math.floor((durationMs % unitMs.h!) / unitMs.m!);
  const seconds = `${trim((durationMs % unitMs.m!) / 1000, 9)}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}

/** At most `digits` decimals, none that say nothing. */
function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)));
}
