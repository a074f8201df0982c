// The operational log: one line per event, as JSON or for people (RFC 3339 time, INF/WRN/ERR, key=value),
// the form that cloudflared's users know. Not for the access log, which has its own writer (edge/logs/access-log.ts).

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'fatal';
export type LogFields = Readonly<Record<string, unknown>>;

/** Where a component reports what happened. Secrets never go in: not in the message, not in a field. */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
  /** The same log with fields added to every line. */
  child(fields: LogFields): Log;
}

export interface LogOptions {
  readonly level: LogLevel;
  readonly format: 'console' | 'json';
  /** Receives each whole line, newline included. Must not throw: a full disk must not stop traffic. */
  readonly write: (line: string) => void;
  /** For tests; default: now. */
  readonly wallMs?: () => number;
}

const ranks: Readonly<Record<LogLevel, number>> = { debug: 0, info: 1, warn: 2, error: 3, fatal: 4 };

/** A log in either form. */
export function createLog(options: LogOptions): Log {
  return logWith(options, {});
}

/** A log that drops everything. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

function logWith(options: LogOptions, bound: LogFields): Log {
  const { level: least, format, write, wallMs = Date.now } = options;
  const put = (level: LogLevel, message: string, fields: LogFields): void => {
    if (ranks[level] < ranks[least]) return;
    const time = new Date(wallMs()).toISOString();
    const all = { ...bound, ...fields };
    write(format === 'json' ? jsonLine(level, time, message, all) : consoleLine(level, time, message, all));
  };
  return {
    debug: (message, fields = {}) => put('debug', message, fields),
    info: (message, fields = {}) => put('info', message, fields),
    warn: (message, fields = {}) => put('warn', message, fields),
    error: (message, fields = {}) => put('error', message, fields),
    child: (fields) => logWith(options, { ...bound, ...fields }),
  };
}

function jsonLine(level: LogLevel, time: string, message: string, fields: LogFields): string {
  let line = `{"level":"${level}","time":"${time}"`;
  for (const [key, value] of Object.entries(fields)) {
    const text = jsonText(value);
    if (text !== undefined) line += `,${JSON.stringify(key)}:${text}`;
  }
  return `${line},"message":${JSON.stringify(message)}}\n`;
}

const shortLevels: Readonly<Record<LogLevel, string>> = {
  debug: 'DBG',
  info: 'INF',
  warn: 'WRN',
  error: 'ERR',
  fatal: 'FTL',
};

/** `2026-11-21T06:50:00Z INF Registered tunnel connection connIndex=0` */
function consoleLine(level: LogLevel, time: string, message: string, fields: LogFields): string {
  let line = `${time.replace(/\.\d+Z$/, 'Z')} ${shortLevels[level]} ${message}`;
  for (const [key, value] of Object.entries(fields)) {
    const text = typeof value === 'string' ? value : jsonText(value);
    if (text !== undefined) line += ` ${key}=${/[\s"=]/.test(text) ? JSON.stringify(text) : text}`;
  }
  return `${line}\n`;
}

/** Undefined for what has no JSON form; what JSON cannot hold (a cycle, a bigint) as text, for a log must not throw. */
function jsonText(value: unknown): string | undefined {
  try {
    return JSON.stringify(value);
  } catch {
    return JSON.stringify(String(value));
  }
}
