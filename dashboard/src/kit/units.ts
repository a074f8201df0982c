// Numbers as people read them: always with their unit, never more digits than they are worth.

const thousands = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

/** `12,345`. */
export function formatCount(value: number): string {
  return thousands.format(value);
}

/** `1 route`, `3 routes`, `no routes`. */
export function formatAmount(value: number, one: string, many = `${one}s`): string {
  if (value === 0) return `no ${many}`;
  return `${formatCount(value)} ${value === 1 ? one : many}`;
}

/** `0 B`, `831 B`, `1.4 kB`, `23 MB`: decimal units, as networks count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let value = bytes;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${shorten(value, unit === 0 ? 0 : 1)} ${units[unit]}`;
}

/** A length of time measured by a clock: `0.4 ms`, `12 ms`, `1.35 s`. */
export function formatMs(ms: number): string {
  if (ms < 1) return `${shorten(ms, 2)} ms`;
  if (ms < 10) return `${shorten(ms, 1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${shorten(ms / 1000, ms < 10_000 ? 2 : 1)} s`;
  return formatDuration(ms);
}

/** How long something lasts, in its two largest units: `3 d 4 h`, `12 min`, `45 s`. */
export function formatDuration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const parts = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ] as const;
  const first = parts.findIndex(([value]) => value > 0);
  if (first < 0) return '0 s';
  return parts
    .slice(first, first + 2)
    .filter(([value]) => value > 0)
    .map(([value, unit]) => `${value} ${unit}`)
    .join(' ');
}

/** `just now`, `45 s ago`, `3 h ago`, `in 12 d`: one unit, since nobody subtracts seconds from days. */
export function formatAgo(atMs: number, nowMs: number): string {
  const away = Math.abs(nowMs - atMs);
  if (away < 5_000) return 'just now';
  const text = coarse(away);
  return atMs < nowMs ? `${text} ago` : `in ${text}`;
}

/** `2026-11-27 10:46:28 UTC+1`: the exact moment, in the reader's own time. */
export function formatMoment(atMs: number): string {
  const date = new Date(atMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  const offset = -date.getTimezoneOffset();
  const hours = Math.trunc(offset / 60);
  const zone = offset === 0 ? 'UTC' : `UTC${offset > 0 ? '+' : '−'}${Math.abs(hours)}${minutesOf(offset)}`;
  return `${day} ${formatTime(atMs)} ${zone}`;
}

/** `10:46:28`, or `10:46` for an axis. */
export function formatTime(atMs: number, hasSeconds = true): string {
  const date = new Date(atMs);
  const parts = [date.getHours(), date.getMinutes(), ...(hasSeconds ? [date.getSeconds()] : [])];
  return parts.map((value) => String(value).padStart(2, '0')).join(':');
}

/** Requests a second: `0.2 /s`, `14 /s`, `1,200 /s`. */
export function formatRate(perSecond: number): string {
  if (perSecond === 0) return '0 /s';
  if (perSecond < 0.01) return '< 0.01 /s';
  if (perSecond < 0.1) return `${shorten(perSecond, 2)} /s`;
  return perSecond < 10 ? `${shorten(perSecond, 1)} /s` : `${formatCount(perSecond)} /s`;
}

/** `0 %`, `0.03 %`, `12 %` of `part` in `whole`. */
export function formatShare(part: number, whole: number): string {
  if (whole === 0 || part === 0) return '0 %';
  const percent = (part / whole) * 100;
  return `${shorten(percent, percent < 1 ? 2 : percent < 10 ? 1 : 0)} %`;
}

function minutesOf(offset: number): string {
  const minutes = Math.abs(offset) % 60;
  return minutes === 0 ? '' : `:${String(minutes).padStart(2, '0')}`;
}

function coarse(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h`;
  if (seconds < 86_400 * 100) return `${Math.floor(seconds / 86_400)} d`;
  return `${Math.floor(seconds / 86_400 / 30)} months`;
}

/** At most `digits` after the point, none that are zero, none from 100 on. */
function shorten(value: number, digits: number): string {
  return String(Number(value.toFixed(value >= 100 ? 0 : value >= 10 ? Math.min(digits, 1) : digits)));
}
