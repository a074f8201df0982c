// Dates of HTTP (RFC 9110 section 5.6.7): the fixed form that everybody writes and the two old forms that a recipient
// must still read. Strict otherwise, because a date that cannot be read means "in the past" to a cache, never a guess.

const months: Readonly<Record<string, number>> = {
  ...{ jan: 0, feb: 1, mar: 2, apr: 3, may: 4, jun: 5, jul: 6, aug: 7, sep: 8, oct: 9, nov: 10, dec: 11 },
};

const weekday = '(?:mon|tue|wed|thu|fri|sat|sun)';
const time = '(\\d{2}):(\\d{2}):(\\d{2})';
/** `Sun, 06 Nov 1994 08:49:37 GMT`. Case does not count for a cache (RFC 9111 section 4.2). */
const fixedForm = new RegExp(`^${weekday}, (\\d{2}) ([a-z]{3}) (\\d{4}) ${time} GMT$`, 'i');
/** `Sunday, 06-Nov-94 08:49:37 GMT` */
const rfc850Form = new RegExp(
  `^(?:mon|tues|wednes|thurs|fri|satur|sun)day, (\\d{2})-([a-z]{3})-(\\d{2}) ${time} GMT$`,
  'i',
);
/** `Sun Nov  6 08:49:37 1994` */
const asctimeForm = new RegExp(`^${weekday} ([a-z]{3}) ([ \\d]\\d) ${time} (\\d{4})$`, 'i');

/** Milliseconds since the epoch, or undefined when the text is no HTTP date; `nowMs` decides the century of two-digit years. */
export function parseHttpDate(text: string, nowMs: number): number | undefined {
  let match = fixedForm.exec(text);
  if (match) return toMs(match[3]!, match[2]!, match[1]!, match.slice(4));
  match = rfc850Form.exec(text);
  if (match) return toMs(fullYear(Number(match[3]), nowMs), match[2]!, match[1]!, match.slice(4));
  match = asctimeForm.exec(text);
  if (match) return toMs(match[6]!, match[1]!, match[2]!, match.slice(3, 6));
  return undefined;
}

/** The fixed form of a time, to the second below it. */
export function formatHttpDate(ms: number): string {
  return new Date(Math.floor(ms / 1000) * 1000).toUTCString();
}

/** A year that would be more than fifty years ahead is the past century's. */
function fullYear(twoDigits: number, nowMs: number): string {
  const thisYear = new Date(nowMs).getUTCFullYear();
  const year = thisYear - (thisYear % 100) + twoDigits;
  return String(year > thisYear + 50 ? year - 100 : year);
}

function toMs(year: string, monthName: string, day: string, clock: readonly string[]): number | undefined {
  const month = months[monthName.toLowerCase()];
  const [hour, minute, second] = clock.map(Number) as [number, number, number];
  // A leap second is the next minute's first.
  if (month === undefined || hour > 23 || minute > 59 || second > 60) return undefined;
  const ms = Date.UTC(Number(year), month, Number(day), hour, minute, second);
  const isRealDay = new Date(Date.UTC(Number(year), month, Number(day))).getUTCDate() === Number(day);
  return isRealDay ? ms : undefined;
}
