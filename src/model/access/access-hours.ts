// Time windows of access rules as people write them: `Mon-Fri 08:00-18:00 Europe/Berlin`. Days and zone may be left out
// (every day, UTC); a window that ends before it begins goes past midnight and belongs to the day it began on.

/** A window, parsed. */
export interface AccessHours {
  /** 0 is Monday; the days on which the window begins. */
  readonly days: ReadonlySet<number>;
  /** Minutes after midnight; the end is not part of the window. Equal ends are the whole day. */
  readonly fromMinute: number;
  readonly untilMinute: number;
  /** IANA name. */
  readonly zone: string;
}

const dayNames = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'];
const form =
  /^(?:([a-z]{3}(?:-[a-z]{3})?(?:,[a-z]{3}(?:-[a-z]{3})?)*)\s+)?(\d\d):(\d\d)-(\d\d):(\d\d)(?:\s+([A-Za-z0-9_+/-]{1,64}))?$/i;
const minutesOfDay = 1_440;

/** Reads a window; undefined when the text is none. */
export function parseHours(text: string): AccessHours | undefined {
  const match = form.exec(text);
  if (!match) return undefined;
  const [, dayText, h1, m1, h2, m2, zone = 'UTC'] = match;
  const days = dayText === undefined ? new Set(dayNames.keys()) : parseDays(dayText.toLowerCase());
  const fromMinute = minuteOf(h1!, m1!);
  const untilMinute = minuteOf(h2!, m2!);
  if (!days || fromMinute === undefined || untilMinute === undefined || !isZone(zone)) return undefined;
  return { days, fromMinute: fromMinute % minutesOfDay, untilMinute: untilMinute % minutesOfDay, zone };
}

/** Whether a moment (day of the week and minute, as the window's zone has them) lies in a window. */
export function isWithinHours(hours: AccessHours, day: number, minute: number): boolean {
  const { days, fromMinute, untilMinute } = hours;
  if (fromMinute < untilMinute) return days.has(day) && minute >= fromMinute && minute < untilMinute;
  const dayBefore = (day + 6) % 7;
  return (days.has(day) && minute >= fromMinute) || (days.has(dayBefore) && minute < untilMinute);
}

const shownDays = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];

/** What tells day and minute in a zone, for `momentOf`. */
export function zoneFormat(zone: string): Intl.DateTimeFormat {
  return new Intl.DateTimeFormat('en-GB', {
    timeZone: zone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  });
}

/** Day of the week (0 is Monday) and minute of the day. */
export function momentOf(format: Intl.DateTimeFormat, wallMs: number): [day: number, minute: number] {
  const parts = new Map(format.formatToParts(wallMs).map(({ type, value }) => [type, value]));
  return [
    shownDays.indexOf(parts.get('weekday') ?? ''),
    Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
  ];
}

/** `24:00` is the end of the day. */
function minuteOf(hour: string, minute: string): number | undefined {
  const minutes = Number(hour) * 60 + Number(minute);
  return Number(minute) < 60 && minutes <= minutesOfDay ? minutes : undefined;
}

function parseDays(text: string): Set<number> | undefined {
  const days = new Set<number>();
  for (const part of text.split(',')) {
    const [first, last = first] = part.split('-').map((name) => dayNames.indexOf(name));
    if (first === -1 || last === -1) return undefined;
    for (let day = first!; ; day = (day + 1) % 7) {
      days.add(day);
      if (day === last) break;
    }
  }
  return days;
}

function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}
