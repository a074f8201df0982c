// The operational log: one line per event, as JSON or for people (RFC 3339 time, INF/WRN/ERR, key=value),
// the form that cloudflared's users know. Not for the access log, which has its own writer (edge/access-log.ts).
import { pino } from 'pino';

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
}

/** A log over pino, in either form. */
export function createLog(options: LogOptions): Log {
  const destination = {
    write: (line: string) => options.write(options.format === 'json' ? line : consoleLine(line)),
  };
  const root = pino(
    {
      level: options.level,
      base: null,
      timestamp: () => `,"time":"${new Date().toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
      messageKey: 'message',
    },
    destination,
  );
  return wrap(root);
}

/** A log that drops everything. */
export const silentLog: Log = {
  debug() {},
  info() {},
  warn() {},
  error() {},
  child: () => silentLog,
};

interface PinoLike {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  child(fields: object): PinoLike;
}

function wrap(target: PinoLike): Log {
  return {
    debug: (message, fields = {}) => target.debug(fields, message),
    info: (message, fields = {}) => target.info(fields, message),
    warn: (message, fields = {}) => target.warn(fields, message),
    error: (message, fields = {}) => target.error(fields, message),
    child: (fields) => wrap(target.child(fields)),
  };
}

const shortLevels: Readonly<Record<string, string>> = {
  debug: 'DBG',
  info: 'INF',
  warn: 'WRN',
  error: 'ERR',
  fatal: 'FTL',
};

/** `2026-11-21T06:50:00Z INF Registered tunnel connection connIndex=0` */
function consoleLine(jsonLine: string): string {
  const { level, time, message, ...fields } = JSON.parse(jsonLine) as Record<string, unknown>;
  const seconds = String(time).replace(/\.\d+Z$/, 'Z');
  let line = `${seconds} ${shortLevels[String(level)] ?? '???'} ${String(message)}`;
  for (const [key, value] of Object.entries(fields)) line += ` ${key}=${fieldText(value)}`;
  return `${line}\n`;
}

function fieldText(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\s"=]/.test(text) ? JSON.stringify(text) : text;
}
